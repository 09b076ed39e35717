"""The check of a mobile number by text message (spec 10, step 1)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from daedap.accounts import mobile_check, sms, texts, tidying
from daedap.accounts.models import OutgoingText, PlatformMember, User
from daedap.core.actors import SYSTEM
from daedap.portal import actions, membership
from daedap.portal.demo import fill_demo
from daedap.portal.tests.test_signup import INFORMATION, verified
from tests.jobs import queued, run_jobs

NUMBER = "+821012345678"
delivered: list[tuple[str, str]] = []


class Phone(sms.SmsProvider):
    """Keeps what was sent; refuses while `broken`."""

    broken = False

    def send_code(self, *, number, text):
        if self.broken:
            raise sms.SmsNotSent
        delivered.append((number, text))


@pytest.fixture
def phone(settings, monkeypatch):
    delivered.clear()
    monkeypatch.setattr(Phone, "broken", False)
    settings.SMS_PROVIDERS = {"phone": f"{__name__}.Phone"}
    settings.SMS_PROVIDER = "phone"
    return delivered


def sent():
    """Return what reached phones so far, oldest first."""
    run_jobs()
    return delivered


def newest_code():
    return re.search(r"[0-9]{6}", sent()[-1][1])[0]


def wrong_code():
    return f"{(int(newest_code()) + 1) % 10**6:06}"


@pytest.fixture
def applicant(platform_client, mailed_path, phone):
    """A browser whose e-mail address is verified; next is the mobile number."""
    verified(platform_client, mailed_path)
    return platform_client


def test_given_no_provider_when_signing_up_then_nothing_is_asked(platform_client, mailed_path):
    verified(platform_client, mailed_path)

    assert platform_client.get("/signup/mobile/").url == "/signup/information/"
    assert platform_client.get("/signup/information/").status_code == 200


def test_given_provider_when_code_entered_then_account_has_the_proved_number(applicant):
    assert applicant.get("/signup/information/").url == "/signup/mobile/"
    assert applicant.post("/signup/mobile/", {"mobile": "010-1234-5678"}).url == "/signup/mobile/"
    number, text = sent()[0]
    assert number == NUMBER
    assert "인증번호" in text
    assert len(text.encode("euc-kr")) <= 90
    assert 'name="code"' in applicant.get("/signup/mobile/").text
    assert applicant.post("/signup/mobile/", {"code": f" {newest_code()} "}).url == "/signup/information/"
    page = applicant.get("/signup/information/").text
    assert "010-1234-5678" in page
    assert NUMBER not in page
    assert 'name="mobile"' not in page

    forged = INFORMATION | {"mobile": "010-9999-9999"}
    assert applicant.post("/signup/information/", forged).url == "/welcome/"

    assert PlatformMember.objects.get().mobile == NUMBER


@pytest.mark.parametrize("mobile", ["", "12", "02-123-4567", "+1 202 555 0123", "+44 7911 123456", "060-700-1234"])
def test_given_number_we_do_not_send_to_when_asked_then_refused_and_nothing_sent(applicant, mobile):
    response = applicant.post("/signup/mobile/", {"mobile": mobile})

    assert response.status_code == 422
    assert sent() == []


def test_given_wrong_codes_when_entered_then_five_tries_and_a_new_code_is_needed(applicant):
    applicant.post("/signup/mobile/", {"mobile": NUMBER})
    for _ in range(5):
        response = applicant.post("/signup/mobile/", {"code": wrong_code()})
        assert (response.status_code, "인증 번호가 일치하지 않습니다" in response.text) == (422, True)

    response = applicant.post("/signup/mobile/", {"code": newest_code()})

    assert response.status_code == 422
    assert "너무 많이" in response.text
    assert newest_code() not in response.text
    assert applicant.get("/signup/information/").url == "/signup/mobile/"


def test_given_three_minutes_passed_when_code_entered_then_expired(applicant):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        applicant.post("/signup/mobile/", {"mobile": NUMBER})
        code = newest_code()
        clock.shift(timedelta(minutes=3, seconds=1))
        response = applicant.post("/signup/mobile/", {"code": code})
        assert response.status_code == 422
        assert "만료" in response.text
        assert applicant.post("/signup/mobile/", {"again": "1"}).status_code == 302
        assert applicant.post("/signup/mobile/", {"code": newest_code()}).url == "/signup/information/"


def test_given_code_sent_when_another_is_asked_within_a_minute_then_refused_and_first_still_counts(applicant):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        applicant.post("/signup/mobile/", {"mobile": NUMBER})
        first = newest_code()
        clock.shift(59)
        response = applicant.post("/signup/mobile/", {"again": "1"}, follow=True)
        assert "1분에 한 번" in response.text
        assert len(sent()) == 1
        clock.shift(2)
        applicant.post("/signup/mobile/", {"again": "1"})
        assert len(sent()) == 2
        if newest_code() != first:  # one in a million
            assert applicant.post("/signup/mobile/", {"code": first}).status_code == 422
        assert applicant.post("/signup/mobile/", {"code": newest_code()}).status_code == 302


def test_given_many_browsers_when_codes_are_asked_for_one_number_then_five_an_hour_and_ten_a_day(db, rf, phone):
    def ask(ip):
        request = rf.post("/", REMOTE_ADDR=ip)
        request.session = {}
        mobile_check.send_code(request, number=NUMBER)

    refused = 0
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for hour in range(4):
            for turn in range(7):
                clock.shift(61)
                try:
                    ask(f"203.0.113.{hour * 7 + turn}")
                except mobile_check.TooManyAttempts:
                    refused += 1
            clock.shift(timedelta(hours=1))

    assert len(sent()) == 10
    assert refused == 18


def test_given_one_address_when_many_numbers_are_tried_then_twenty_an_hour(db, rf, phone):
    def ask(number):
        request = rf.post("/", REMOTE_ADDR="203.0.113.1")
        request.session = {}
        mobile_check.send_code(request, number=number)

    for number in range(20):
        ask(f"+8210123400{number:02}")
    with pytest.raises(mobile_check.TooManyAttempts):
        ask("+821012349999")

    assert len(sent()) == 20


def test_given_broken_provider_when_code_asked_then_said_once_it_is_known_and_another_is_sent_later(
    applicant, monkeypatch
):
    monkeypatch.setattr(Phone, "broken", True)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        applicant.post("/signup/mobile/", {"mobile": "010-1234-5678"})
        page = applicant.get("/signup/mobile/").text
        assert "보내는 중" in page
        assert 'hx-trigger="every 2s"' in page
        run_jobs()

        page = applicant.get("/signup/mobile/").text

        assert "문자 메시지를 보내지 못했습니다" in page
        assert "every 2s" not in page
        assert 'name="again"' in page
        assert queued("accounts.send_text") == []
        monkeypatch.setattr(Phone, "broken", False)
        clock.shift(61)
        applicant.post("/signup/mobile/", {"again": "1"})
        assert applicant.post("/signup/mobile/", {"code": newest_code()}).url == "/signup/information/"


def test_given_code_asked_when_page_answers_then_the_provider_was_not_called_and_nothing_readable_is_queued(applicant):
    applicant.post("/signup/mobile/", {"mobile": NUMBER})

    assert delivered == []
    (job,) = queued("accounts.send_text")
    message = OutgoingText.objects.get()
    assert job.args == {"text_id": message.pk}
    code = re.search(r"[0-9]{6}", message.text)[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, text FROM accounts_outgoingtext")
        stored = str(cursor.fetchall())
    assert code not in stored
    assert NUMBER not in stored

    assert newest_code() == code

    message.refresh_from_db()
    assert (message.status, message.number, message.text) == ("sent", "", "")


def test_given_message_when_its_job_runs_twice_then_sent_once(db, phone):
    message = texts.queue_text(number=NUMBER, text="123456", lifetime=timedelta(minutes=3))

    texts.send_text(message.pk)
    texts.send_text(message.pk)

    assert delivered == [(NUMBER, "123456")]


def test_given_code_expired_when_the_worker_comes_back_then_not_sent_and_forgotten(db, phone):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        message = texts.queue_text(number=NUMBER, text="123456", lifetime=timedelta(minutes=3))
        clock.shift(timedelta(minutes=3, seconds=1))
        run_jobs()
        message.refresh_from_db()
        assert (message.status, message.number, message.text) == ("failed", "", "")
        clock.shift(timedelta(days=1))
        tidying.tidy()
    assert delivered == []
    assert not OutgoingText.objects.exists()


def test_given_provider_that_breaks_unexpectedly_when_job_runs_then_failed_and_forgotten(db, phone, monkeypatch):
    monkeypatch.setattr(Phone, "send_code", lambda self, **facts: 1 / 0)
    message = texts.queue_text(number=NUMBER, text="123456", lifetime=timedelta(minutes=3))

    with pytest.raises(ZeroDivisionError):
        texts.send_text(message.pk)

    message.refresh_from_db()
    assert (message.status, message.number, message.text) == ("failed", "", "")


def test_given_code_sent_when_session_read_then_code_is_not_in_it(applicant):
    applicant.post("/signup/mobile/", {"mobile": NUMBER})

    kept = [session.get_decoded() for session in Session.objects.all()]

    assert any("mobile_check" in session for session in kept)
    assert newest_code() not in str(kept)


def test_given_code_of_another_browser_when_entered_then_refused(applicant, settings):
    applicant.post("/signup/mobile/", {"mobile": NUMBER})
    stranger = Client(headers={"host": settings.BASE_HOST})

    assert stranger.post("/signup/mobile/", {"code": newest_code()}).url == "/signup/"


@pytest.mark.parametrize("proof", ["", "forged", "of-another"])
def test_given_no_proof_when_account_is_made_or_number_saved_then_refused(db, phone, founder, proof):
    if proof == "of-another":
        proof = mobile_check.signing.dumps("+821099999999", salt=mobile_check._SALT)
    before = PlatformMember.objects.get(user=founder).mobile
    profile = membership.Profile(
        name="김", mobile=NUMBER, landline="", postcode="", address="", address_detail="", marketing=False
    )

    with pytest.raises(mobile_check.MobileUnverified):
        mobile_check.demand_proof(NUMBER, proof=proof)
    with pytest.raises(mobile_check.MobileUnverified):
        membership.save_profile(user=founder, profile=profile, actor=SYSTEM)

    assert PlatformMember.objects.get(user=founder).mobile == before


def test_given_verified_address_but_no_number_when_sign_up_is_called_then_refused(applicant):
    link_hash = applicant.session["signup"]["link"]
    facts = actions.SignUp(
        country="KR",
        membership_type="individual",
        terms=("service", "privacy", "age"),
        email="kim@example.com",
        link_hash=link_hash,
        name="김",
        password="Ocean!72",
        mobile=NUMBER,
    )
    with pytest.raises(mobile_check.MobileUnverified):
        actions.sign_up(facts=facts, certificate=None, ip="")

    assert not User.objects.filter(login_id="kim@example.com").exists()


def test_given_member_when_new_number_is_proved_then_saved_and_not_before(member_client, founder, phone):
    before = PlatformMember.objects.get(user=founder).mobile
    assert "/me/mobile/" in member_client.get("/me/").text
    assert 'name="mobile"' not in member_client.get("/me/edit/").text
    member_client.post("/me/edit/", {"name": "김", "mobile": "010-5555-5555"})
    assert PlatformMember.objects.get(user=founder).mobile == before

    assert member_client.post("/me/mobile/", {"mobile": "010-2222-3333"}).url == "/me/mobile/"
    assert member_client.post("/me/mobile/", {"code": wrong_code()}).status_code == 422
    assert PlatformMember.objects.get(user=founder).mobile == before
    assert member_client.post("/me/mobile/", {"code": newest_code()}).url == "/me/"

    assert PlatformMember.objects.get(user=founder).mobile == "+821022223333"


def test_given_waiting_code_when_another_number_is_wanted_then_form_is_back(member_client, phone):
    member_client.post("/me/mobile/", {"mobile": "010-2222-3333"})

    assert member_client.post("/me/mobile/", {"other": "1"}).url == "/me/mobile/"

    page = member_client.get("/me/mobile/").text
    assert 'name="mobile"' in page
    assert "010-2222-3333" not in page


def test_given_no_provider_when_number_page_is_opened_then_missing(member_client):
    assert member_client.get("/me/mobile/").status_code == 404
    assert "/me/mobile/" not in member_client.get("/me/").text


def test_given_provider_when_demo_is_filled_then_its_made_up_number_needs_no_message(db, phone):
    fill_demo()

    assert sent() == []
    assert PlatformMember.objects.exists()
