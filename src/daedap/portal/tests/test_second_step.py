import re

import pytest
import time_machine

from daedap.core.mail.delivery import deliver_mail
from daedap.core.models import OutgoingMail
from tests import factories

PASSWORD = factories.PASSWORD


@pytest.fixture
def careful(db):
    """A member who ticked 2-step login."""
    return factories.make_platform_member(email="careful@example.com", second_factor="email")


@pytest.fixture
def waiting(careful, platform_client):
    """A browser that has given the right password."""
    answer = platform_client.post("/login/", {"email": "careful@example.com", "password": PASSWORD, "next": "/me/"})
    assert answer.headers["Location"] == "/login/code/?next=%2Fme%2F"
    return platform_client


def mailed_code(mailoutbox):
    deliver_mail(OutgoingMail.objects.latest("pk").pk)
    return re.search(r"\b(\d{6})\b", mailoutbox[-1].body)[1]


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def is_signed_in(browser):
    return "_auth_user_id" in browser.session


def test_given_two_step_login_when_the_password_is_right_then_a_code_is_mailed_and_no_session_opens(waiting):
    assert not is_signed_in(waiting)
    assert OutgoingMail.objects.filter(kind="sign-in-code").count() == 1
    assert waiting.get("/me/").status_code == 302


def test_given_the_code_when_entered_then_signed_in_and_on_the_wanted_page(waiting, mailoutbox):
    answer = waiting.post("/login/code/", {"code": mailed_code(mailoutbox), "next": "/me/"})
    assert answer.headers["Location"] == "/me/"
    assert is_signed_in(waiting)
    assert waiting.get("/me/").status_code == 200


def test_given_the_code_when_entered_in_another_browser_then_refused(waiting, mailoutbox, client):
    code = mailed_code(mailoutbox)
    other = client.__class__(headers={"host": "localhost"})
    assert other.post("/login/code/", {"code": code}).headers["Location"] == "/login/"
    assert not is_signed_in(other)


def test_given_a_used_code_when_entered_again_then_the_login_page(waiting, mailoutbox):
    code = mailed_code(mailoutbox)
    waiting.post("/login/code/", {"code": code})
    waiting.post("/logout/")
    assert waiting.post("/login/code/", {"code": code}).headers["Location"] == "/login/"
    assert not is_signed_in(waiting)


def test_given_a_wrong_code_when_entered_then_refused_beside_the_field_and_after_five_it_is_over(waiting, mailoutbox):
    code = mailed_code(mailoutbox)
    for _ in range(5):
        answer = waiting.post("/login/code/", {"code": wrong(code)})
        assert answer.status_code == 422
    answer = waiting.post("/login/code/", {"code": code})
    assert answer.headers["Location"] == "/login/"
    assert not is_signed_in(waiting)
    # wrong codes count like wrong passwords: the ID is locked now
    locked = waiting.post("/login/", {"email": "careful@example.com", "password": PASSWORD})
    assert locked.status_code == 422
    assert OutgoingMail.objects.filter(kind="sign-in-code").count() == 1


def test_given_five_minutes_when_they_are_over_then_the_code_is_worth_nothing(careful, platform_client, mailoutbox):
    with time_machine.travel("2026-03-01 00:00:00Z", tick=False) as clock:
        platform_client.post("/login/", {"email": "careful@example.com", "password": PASSWORD})
        code = mailed_code(mailoutbox)
        clock.shift(301)
        assert platform_client.post("/login/code/", {"code": code}).headers["Location"] == "/login/"
    assert not is_signed_in(platform_client)


def test_given_a_newer_code_when_the_older_is_entered_then_refused(waiting, mailoutbox):
    older = mailed_code(mailoutbox)
    waiting.post("/login/", {"email": "careful@example.com", "password": PASSWORD})
    newer = mailed_code(mailoutbox)
    if older != newer:
        assert waiting.post("/login/code/", {"code": older}).status_code == 422
    assert waiting.post("/login/code/", {"code": newer}).status_code == 302
    assert is_signed_in(waiting)


def test_given_a_password_changed_meanwhile_when_the_code_is_entered_then_refused(waiting, careful, mailoutbox):
    code = mailed_code(mailoutbox)
    careful.set_password("Winter!84")
    careful.save()
    assert waiting.post("/login/code/", {"code": code}).headers["Location"] == "/login/"
    assert not is_signed_in(waiting)


def test_given_the_code_when_stored_then_neither_session_nor_queue_holds_it(waiting, mailoutbox):
    stored = str(dict(waiting.session.items()))
    queued = OutgoingMail.objects.get(kind="sign-in-code")
    raw = OutgoingMail.objects.filter(pk=queued.pk).extra(select={"raw": "content"}).values_list("raw", flat=True)[0]
    code = mailed_code(mailoutbox)
    assert code not in stored
    assert code not in raw


def test_given_no_two_step_login_when_the_password_is_right_then_signed_in_at_once(db, platform_client):
    factories.make_platform_member(email="plain@example.com")
    platform_client.post("/login/", {"email": "plain@example.com", "password": PASSWORD})
    assert is_signed_in(platform_client)
