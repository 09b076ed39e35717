from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from daedap.accounts.actions import (
    PasswordRefused,
    change_password,
    mail_password_reset,
    request_password_reset,
    set_password_by_link,
)
from daedap.accounts.limits import begin_attempt, end_failed_attempt
from daedap.accounts.links import PASSWORD_KINDS, LinkRefused, issue_link, read_link
from daedap.accounts.models import LinkKind, MailLink, PasswordHistory, User
from daedap.accounts.passwords import IAM_DEFAULT
from daedap.audit.models import AuditEntry
from daedap.core.models import OutgoingMail
from tests.jobs import queued, run_jobs

REALM = "WopqM8euoYw89B7i"


@pytest.fixture
def kim(db):
    return User.objects.create_user(realm=REALM, login_id="kim", email="Kim@example.com", name="김상담")


@pytest.fixture
def token(kim):
    return issue_link(kind=LinkKind.SET_PASSWORD, lifetime=timedelta(days=7), user=kim)


def set_password(token, password="Ocean!72", **facts):
    given = {"kinds": PASSWORD_KINDS, "policy": IAM_DEFAULT, "ip": "203.0.113.7", "realm": REALM} | facts
    return set_password_by_link(token=token, password=password, **given)


def test_given_link_when_password_set_then_it_holds_and_link_is_used(kim, token):
    assert set_password(token) == kim
    kim.refresh_from_db()
    assert kim.check_password("Ocean!72")
    assert kim.password_set_at is not None
    assert PasswordHistory.objects.count() == 0
    entry = AuditEntry._base_manager.get()
    assert (entry.action, entry.actor_id, entry.ip) == ("accounts.password_set", kim.pk, "203.0.113.7")
    with pytest.raises(LinkRefused):
        set_password(token, "River!85")
    kim.refresh_from_db()
    assert kim.check_password("Ocean!72")


def test_given_weak_password_when_set_then_every_rule_is_named_and_nothing_changes(kim, token):
    with pytest.raises(PasswordRefused) as refused:
        set_password(token, "1234")
    assert len(refused.value.sentences) == 4
    kim.refresh_from_db()
    assert not kim.has_usable_password()
    assert read_link(token, PASSWORD_KINDS, realm=REALM).used_at is None
    assert not AuditEntry._base_manager.exists()


def test_given_link_of_this_realm_when_used_on_the_platform_site_then_refused(kim, token):
    with pytest.raises(LinkRefused):
        set_password(token, realm="")
    kim.refresh_from_db()
    assert not kim.has_usable_password()


def test_given_two_kinds_of_links_when_one_is_used_then_the_other_is_void(kim, token):
    reset = issue_link(kind=LinkKind.RESET_PASSWORD, lifetime=timedelta(minutes=30), user=kim)
    set_password(reset)
    with pytest.raises(LinkRefused):
        set_password(token, "River!85")


def test_given_lock_when_password_set_then_lock_is_lifted(kim, token):
    for _ in range(5):
        begin_attempt(realm=REALM, login_id="kim")
    assert end_failed_attempt(realm=REALM, login_id="kim")
    assert begin_attempt(realm=REALM, login_id="kim")
    set_password(token)
    assert not begin_attempt(realm=REALM, login_id="kim")


def test_given_open_session_when_password_set_then_session_ends(kim, token):
    from django.contrib.auth import get_user

    client = Client()
    client.force_login(kim)
    request = RequestFactory().get("/")
    request.session = client.session
    assert get_user(request) == kim
    set_password(token)
    request.session = client.session
    assert get_user(request).is_anonymous


def test_given_four_changes_when_history_read_then_last_three_are_kept(kim):
    for password in ("Ocean!72", "River!85", "Stone!96", "Cloud!07", "Grass!18"):
        change_password(kim, password=password, policy=IAM_DEFAULT)
    assert kim.password_history.count() == 3


def reset(email="kim@example.com", login_id="kim", ip="203.0.113.7", **facts):
    """Ask, and mail at once what the queued job would mail later."""
    before = {job.pk for job in queued("portal.mail_password_reset")}
    request_password_reset(realm=REALM, login_id=login_id, email=email, ip=ip, job="portal.mail_password_reset")
    for job in queued("portal.mail_password_reset"):
        if job.pk not in before:
            mail_password_reset(realm=REALM, make_url=lambda token: f"https://oc/{token}", **job.args, **facts)


@pytest.mark.parametrize(
    ("facts", "known"), [({}, True), ({"email": "x@example.com"}, False), ({"login_id": "lee"}, False)]
)
def test_given_a_match_or_none_when_asked_then_the_same_work_is_done_and_the_job_holds_no_address(kim, facts, known):
    """No stop-watch tells who has an account: link and mail are made by the job."""
    with CaptureQueriesContext(connection) as captured:
        request_password_reset(
            **({"login_id": "kim", "email": "kim@example.com"} | facts),
            realm=REALM,
            ip="203.0.113.7",
            job="portal.mail_password_reset",
        )
    assert len(captured) == 3  # count, look up, queue
    [job] = queued()
    assert job.args == {"user_id": kim.pk if known else 0}


def test_given_member_without_password_when_id_and_email_match_then_mail_with_a_link_A32(kim, mailoutbox):
    reset(place="Acme", email=" KIM@example.com ", login_id="Kim")
    run_jobs()
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["Kim@example.com"], "[Acme] 비밀번호를 재설정해 주세요.")
    link = MailLink.objects.get()
    assert link.expires_at - link.created_at == pytest.approx(timedelta(minutes=30), abs=timedelta(seconds=1))
    token = mail.body.split("https://oc/")[1].split()[0]
    set_password(token)
    kim.refresh_from_db()
    assert kim.check_password("Ocean!72")


@pytest.mark.parametrize(
    "facts",
    [
        {"email": "other@example.com"},
        {"login_id": "lee"},
        {"may_enter": lambda user: False},
    ],
)
def test_given_no_match_when_asked_then_no_mail_A33(kim, facts):
    reset(**facts)
    assert not OutgoingMail.objects.exists()
    assert not MailLink.objects.exists()


def test_given_inactive_user_when_asked_then_no_mail(kim):
    User.objects.update(is_active=False)
    reset()
    assert not OutgoingMail.objects.exists()


def test_given_five_mails_this_hour_when_asked_again_then_no_mail(kim):
    for number in range(7):
        reset(ip=f"203.0.113.{number}")
    assert OutgoingMail.objects.count() == 5
    assert MailLink.objects.filter(voided_at=None).count() == 1


def test_given_twenty_requests_of_an_address_when_asked_again_then_no_mail(kim):
    for number in range(20):
        reset(login_id=f"nobody{number}")
    reset()
    assert not OutgoingMail.objects.exists()
    reset(ip="203.0.113.8")
    assert OutgoingMail.objects.count() == 1
