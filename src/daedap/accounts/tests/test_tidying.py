from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from daedap.accounts.links import issue_link
from daedap.accounts.models import LinkKind, MailLink, SignedInSession, SignInRecord
from daedap.accounts.policies import HARD_LIMIT, SessionPolicy
from daedap.accounts.sessions import register
from daedap.accounts.tidying import LINKS_KEPT, tidy


def test_given_sessions_and_links_when_tidied_then_only_those_that_are_over_go(db, founder):
    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="live", session_data="", expire_date=now + timedelta(hours=1))
    issue_link(kind=LinkKind.VERIFY_EMAIL, lifetime=-LINKS_KEPT - timedelta(seconds=1), subject="long over")
    issue_link(kind=LinkKind.VERIFY_EMAIL, lifetime=-timedelta(days=1), subject="over")
    issue_link(kind=LinkKind.SET_PASSWORD, lifetime=timedelta(days=7), user=founder)
    for _ in range(2):
        tidy()
        assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]
        assert sorted(MailLink.objects.values_list("subject", flat=True)) == ["", "over"]


def test_given_rows_of_sign_ins_when_tidied_then_those_past_the_hard_limit_go(owner):
    old = register(owner.user, session_key="old", policy=SessionPolicy())
    with_life = register(owner.user, session_key="new", policy=SessionPolicy())
    SignedInSession.objects.filter(pk=old.pk).update(created_at=timezone.now() - HARD_LIMIT)
    tidy()
    assert SignedInSession.objects.get() == with_life


def test_given_records_of_log_ins_when_tidied_then_those_past_the_time_of_the_settings_go(db, settings):
    settings.ACCESS_LOG_DAYS = 200
    for login_id, days in (("old", 201), ("kept", 199)):
        row = SignInRecord.objects.create(realm="", login_id=login_id, result="ok")
        SignInRecord.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days))
    tidy()
    assert [row.login_id for row in SignInRecord.objects.all()] == ["kept"]
