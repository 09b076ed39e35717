from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from daedap.accounts.models import EmailChange, PasswordHistory, PlatformMember, SignInRecord, TermsConsent, User
from daedap.audit.models import AuditEntry
from daedap.core.errors import DaedapError
from daedap.core.models import OutgoingMail
from daedap.files.actions import store_platform_file
from daedap.files.models import PlatformFile
from daedap.files.selectors import path_of
from daedap.payments.models import PaymentMethod
from daedap.portal.forms.person import shown_number
from tests import factories
from tests.jobs import run_jobs

PASSWORD = factories.PASSWORD
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
NEW = {"email": "New.Kim@Example.com", "current": PASSWORD}


@pytest.fixture
def kim(db):
    return factories.make_platform_member(email="kim@example.com", name="김대답", mobile="+821012345678")


@pytest.fixture
def browser(kim, platform_client):
    platform_client.post("/login/", {"email": "kim@example.com", "password": PASSWORD})
    return platform_client


@pytest.fixture
def link(browser, mailed_path):
    """The path mailed to Kim's new address."""
    assert browser.post("/me/email/", NEW).url == "/me/"
    return mailed_path("/email/")


def another_browser():
    return Client(headers={"host": "localhost"})


def is_signed_in(client):
    return client.get("/me/").status_code == 200


# --- E-mail ------------------------------------------------------------------------------------


def test_given_new_address_when_its_link_is_pressed_then_it_is_the_id_and_the_old_address_is_told(
    browser, kim, link, mailoutbox
):
    assert mailoutbox[-1].to == ["New.Kim@Example.com"]
    other = another_browser()
    other.force_login(kim)
    assert browser.get(link).status_code == 200
    kim.refresh_from_db()
    assert kim.login_id == "kim@example.com"  # opening changes nothing
    assert "New.Kim@Example.com" in browser.get("/me/").text

    assert browser.post(link).url == "/me/"

    kim.refresh_from_db()
    assert (kim.login_id, kim.email) == ("new.kim@example.com", "New.Kim@Example.com")
    assert is_signed_in(browser)
    assert not is_signed_in(other)
    run_jobs()
    assert mailoutbox[-1].to == ["kim@example.com"]
    assert "New.Kim@Example.com" in mailoutbox[-1].body
    assert not EmailChange.objects.exists()
    assert another_browser().post("/login/", {"email": "kim@example.com", "password": PASSWORD}).status_code == 422
    assert another_browser().post("/login/", {"email": "NEW.kim@example.com", "password": PASSWORD}).status_code == 302


def test_given_link_when_pressed_again_or_taken_back_or_too_late_then_refused_and_unchanged(browser, kim, mailed_path):
    browser.post("/me/email/", NEW)
    first = mailed_path("/email/")
    browser.post("/me/email/", NEW | {"email": "later@example.com"})
    second = mailed_path("/email/")
    assert browser.post(first).status_code == 410  # a newer one voids it
    assert browser.post("/me/email/cancel/").url == "/me/"
    assert browser.get(second).status_code == browser.post(second).status_code == 410
    browser.post("/me/email/", NEW)
    third = mailed_path("/email/")
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1), tick=True):
        assert browser.post(third).status_code == 410
    kim.refresh_from_db()
    assert kim.login_id == "kim@example.com"
    assert browser.post(third).url == "/me/"
    assert browser.post(third).status_code == 410


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"current": "Wrong!72"}, "현재 비밀번호"),
        ({"email": "KIM@example.com"}, "현재 사용 중인 이메일"),
        ({"email": "kim"}, "올바른 이메일"),
    ],
)
def test_given_wrong_facts_when_a_change_is_asked_for_then_refused_and_nothing_is_mailed(browser, facts, sentence):
    answer = browser.post("/me/email/", NEW | facts)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not OutgoingMail.objects.exists()
    assert not EmailChange.objects.exists()


def test_given_address_of_somebody_else_when_asked_then_same_answer_and_only_the_owner_of_the_mailbox_is_told(
    browser, kim, mailed_path
):
    factories.make_platform_member(email="new.kim@example.com")
    assert browser.post("/me/email/", NEW).url == "/me/"
    path = mailed_path("/email/")
    refused = browser.post(path)
    assert refused.status_code == 409
    assert "다른 계정" in refused.text
    kim.refresh_from_db()
    assert kim.email == "kim@example.com"
    assert browser.get(path).status_code == 200  # the refusal used nothing up


def test_given_reset_link_in_the_old_mailbox_when_the_address_changed_then_it_is_void(browser, link, mailed_path):
    another_browser().post("/login/find-password/", {"email": "kim@example.com"})
    reset = mailed_path("/login/password/")
    assert browser.get(reset).status_code == 200
    browser.post(link)
    assert browser.get(reset).status_code == 410


@pytest.mark.django_db(transaction=True)
def test_given_two_members_with_one_wish_when_they_confirm_at_once_then_exactly_one_gets_it():
    from daedap.accounts import email_change

    tokens = {}
    for name in ("one", "two"):
        user = factories.make_platform_member(email=f"{name}@example.com")
        email_change.ask_for_change(
            user=user,
            email="wish@example.com",
            password=PASSWORD,
            make_url=lambda token, name=name: tokens.setdefault(name, token),
            actor=user.as_actor(),
        )

    def confirm(token):
        try:
            return email_change.confirm_change(token=token, ip="").login_id
        except DaedapError as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, tokens.values())) == ["AddressTaken", "wish@example.com"]
    assert User.objects.filter(login_id="wish@example.com").count() == 1


# --- Password ----------------------------------------------------------------------------------


def test_given_current_password_when_changed_then_this_browser_stays_and_others_end(browser, kim):
    other = another_browser()
    other.force_login(kim)
    new = {"current": PASSWORD, "password": "River!83", "again": "River!83"}
    assert browser.post("/me/password/", new | {"current": "Wrong!72"}).status_code == 422
    assert browser.post("/me/password/", new | {"password": PASSWORD, "again": PASSWORD}).status_code == 422
    kim.refresh_from_db()
    assert kim.check_password(PASSWORD)
    assert browser.post("/me/password/", new).url == "/me/"
    assert is_signed_in(browser)
    assert not is_signed_in(other)


def test_given_password_of_91_days_when_logging_in_then_notice_and_change_later_keeps_it_for_90_more_A48(
    kim, platform_client
):
    login = {"email": "kim@example.com", "password": PASSWORD, "next": "/me/"}
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=True):
        notice = platform_client.post("/login/", login)
        assert notice.url == "/login/change-password/?next=%2Fme%2F"
        assert "다음에 변경" in platform_client.get(notice.url).text
        assert not is_signed_in(platform_client)
        same = {"password": PASSWORD, "again": PASSWORD}
        assert platform_client.post("/login/change-password/", same).status_code == 422
        assert platform_client.post("/login/change-password/", {"later": "1", "next": "/me/"}).url == "/me/"
        assert is_signed_in(platform_client)
        assert another_browser().post("/login/", login).url == "/me/"
    with time_machine.travel(timezone.now() + timedelta(days=182), tick=True):
        late = another_browser()
        assert late.post("/login/", login).url.startswith("/login/change-password/")
        changed = late.post("/login/change-password/", {"password": "River!83", "again": "River!83"})
        assert changed.status_code == 302
        assert is_signed_in(late)


def test_given_2_step_login_when_the_password_is_old_then_the_code_comes_first_and_then_the_notice(
    kim, platform_client, mailoutbox
):
    PlatformMember.objects.filter(user=kim).update(second_factor="email")
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=True):
        login = {"email": "kim@example.com", "password": PASSWORD, "next": "/me/"}
        assert platform_client.post("/login/", login).url == "/login/code/?next=%2Fme%2F"
        assert platform_client.get("/login/change-password/").url == "/login/"  # a password alone opens nothing
        run_jobs()
        code = re.search(r"\b(\d{6})\b", mailoutbox[-1].body)[1]
        answer = platform_client.post("/login/code/", {"code": code, "next": "/me/"})
        assert answer.url == "/login/change-password/?next=%2Fme%2F"
        assert not is_signed_in(platform_client)
        assert platform_client.post("/login/change-password/", {"later": "1"}).status_code == 302
        assert is_signed_in(platform_client)


def test_given_nobody_who_owes_a_change_when_the_page_is_opened_then_the_login_page(platform_client, db):
    assert platform_client.get("/login/change-password/").url == "/login/"
    assert platform_client.post("/login/change-password/", {"later": "1"}).url == "/login/"


# --- Profile -----------------------------------------------------------------------------------

PROFILE = {
    "name": "김 대답",
    "mobile": "010-9999-8888",
    "landline": "02-123-4567",
    "postcode": "06236",
    "address": "서울 강남구 테헤란로 1",
    "address_detail": "3층",
}


def test_given_profile_when_saved_then_kept_and_consent_has_version_and_time(browser, kim):
    assert browser.post("/me/edit/", PROFILE | {"marketing": "on"}).url == "/me/"
    member = PlatformMember.objects.get(user=kim)
    assert (member.mobile, member.full_address) == ("+821099998888", "06236 서울 강남구 테헤란로 1 3층")
    consent = TermsConsent.objects.get(user=kim, terms="marketing")
    assert consent.version
    assert consent.withdrawn_at is None
    browser.post("/me/edit/", PROFILE)
    consent.refresh_from_db()
    assert consent.withdrawn_at is not None
    assert PlatformMember.objects.get(user=kim).marketing_consent_at is None
    browser.post("/me/edit/", PROFILE | {"marketing": "on"})
    assert TermsConsent.objects.filter(user=kim, terms="marketing").count() == 2


@pytest.mark.parametrize("wrong", [{"name": " "}, {"mobile": "12"}, {"postcode": "123"}, {"name": "x" * 61}])
def test_given_wrong_profile_when_saved_then_refused_and_unchanged(browser, kim, wrong):
    assert browser.post("/me/edit/", PROFILE | wrong).status_code == 422
    kim.refresh_from_db()
    assert kim.name == "김대답"


def test_given_business_when_the_verified_address_is_forged_then_it_stays(platform_client):
    user = factories.make_platform_member(
        membership_type="business", company_name="대답", business_number="1248100998", address="서울", landline="02"
    )
    platform_client.force_login(user)
    assert platform_client.post("/me/edit/", PROFILE | {"verification": "approved"}).url == "/me/"
    member = PlatformMember.objects.get(user=user)
    assert (member.address, member.landline, member.mobile) == ("서울", "02", "+821099998888")


# --- Withdrawal --------------------------------------------------------------------------------

LEAVE = {"confirmation": "kim@example.com", "current": PASSWORD}


def test_given_member_when_withdrawn_then_nothing_personal_is_left_and_the_address_is_free(browser, kim, mailoutbox):
    certificate = store_platform_file(SimpleUploadedFile("c.pdf", PDF), allowed=("pdf",))
    PlatformMember.objects.filter(user=kim).update(certificate_id=certificate.public_id)
    factories.make_payment_method(kim)
    PasswordHistory.objects.create(user=kim, password="old")
    other = another_browser()
    other.force_login(kim)

    assert browser.post("/me/leave/", LEAVE).url == "/goodbye/"

    assert browser.get("/goodbye/").status_code == 200
    assert not is_signed_in(browser)
    assert not is_signed_in(other)
    run_jobs()
    assert mailoutbox[-1].to == ["kim@example.com"]
    kim.refresh_from_db()
    assert (kim.email, kim.name, kim.is_active, kim.has_usable_password()) == ("", "", False, False)
    for model in (PlatformMember, PaymentMethod, PasswordHistory):
        assert not model.objects.filter(user=kim).exists()
    assert not PlatformFile.objects.exists()
    assert SignInRecord.objects.filter(login_id__startswith="withdrawn-").exists()
    assert not SignInRecord.objects.filter(login_id__contains="kim").exists()
    assert not AuditEntry._base_manager.filter(actor_name__contains="김대답").exists()
    assert AuditEntry._base_manager.filter(action="accounts.withdrawn").count() == 1
    assert another_browser().post("/login/", {"email": "kim@example.com", "password": PASSWORD}).status_code == 422
    assert factories.make_platform_member(email="kim@example.com").pk != kim.pk


GOES = {
    "PasswordHistory",
    "MailLink",
    "EmailChange",
    "OtpDevice",
    "PlatformMember",
    "PaymentMethod",
    "SignedInSession",
    "ConsoleMember",
}
STAYS = {"TermsConsent"}
OTHER = {"LogEntry", "IamMember", "Organization"}  # of operators, of organizations, and what withdrawal waits for


def test_given_all_models_that_name_a_user_when_compared_then_withdrawal_knows_each():
    """A new one belongs to one of these lists, and the first list into `erase_identity` or `withdraw`."""
    assert {relation.related_model.__name__ for relation in User._meta.related_objects} == GOES | STAYS | OTHER


def test_given_certificate_when_the_member_leaves_then_its_bytes_go_after_the_commit(
    browser, kim, django_capture_on_commit_callbacks
):
    certificate = store_platform_file(SimpleUploadedFile("c.pdf", PDF), allowed=("pdf",))
    PlatformMember.objects.filter(user=kim).update(certificate_id=certificate.public_id)
    path = path_of(certificate)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/me/leave/", LEAVE)
    assert not path.exists()


@pytest.mark.parametrize("wrong", [{"confirmation": "other@example.com"}, {"current": "Wrong!72"}, {"current": ""}])
def test_given_wrong_confirmation_when_withdrawing_then_refused_and_unchanged(browser, kim, wrong):
    assert browser.post("/me/leave/", LEAVE | wrong).status_code == 422
    kim.refresh_from_db()
    assert kim.is_active
    assert is_signed_in(browser)
    assert not OutgoingMail.objects.exists()


def test_given_own_organization_when_withdrawing_then_refused_and_named(browser, kim):
    organization = factories.make_organization(creator=kim)
    refused = browser.post("/me/leave/", LEAVE)
    assert refused.status_code == 409
    assert organization.name in refused.text
    kim.refresh_from_db()
    assert kim.is_active
    assert kim.payment_methods.count() == 1


@pytest.mark.parametrize(
    ("stored", "country", "shown"),
    [
        ("+821099998888", "KR", "010-9999-8888"),
        ("+819012345678", "JP", "090-1234-5678"),
        ("+819012345678", "KR", "+81 90-1234-5678"),
        ("old", "KR", "old"),
    ],
)
def test_given_a_stored_number_when_shown_then_it_reads_as_at_home(stored, country, shown):
    assert shown_number(stored, country) == shown
