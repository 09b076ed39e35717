import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from daedap.accounts.links import LinkRefused, issue_link, read_link, use_link
from daedap.accounts.models import LinkKind, MailLink, User

HOUR = timedelta(hours=1)
SET = (LinkKind.SET_PASSWORD,)


@pytest.fixture
def user(db):
    return User.objects.create_user(realm="", login_id="a@example.com", email="a@example.com")


def issue(user, kind=LinkKind.SET_PASSWORD, **facts):
    return issue_link(kind=kind, lifetime=HOUR, user=user, **facts)


def test_given_issued_link_when_read_twice_then_still_unused_and_only_hash_stored(user):
    token = issue(user)
    assert read_link(token, SET).user == user
    link = read_link(token, SET)
    assert link.used_at is None
    assert link.token_hash != token
    assert len(link.token_hash) == 64


def test_given_used_link_when_read_or_used_again_then_refused_A34(user):
    token = issue(user)
    used = use_link(token, SET)
    for again in (read_link, use_link):
        with pytest.raises(LinkRefused):
            again(token, SET)
    assert MailLink.objects.get().pk == used.pk


def test_given_newer_link_when_older_used_then_refused_and_newer_works(user):
    older, newer = issue(user), issue(user)
    with pytest.raises(LinkRefused):
        use_link(older, SET)
    assert use_link(newer, SET).user == user


def test_given_links_of_other_kind_user_or_subject_when_issued_then_none_voids_another(user):
    other = User.objects.create_user(realm="", login_id="b@example.com")
    verify = {"user": None, "kind": LinkKind.VERIFY_EMAIL}
    tokens = [
        (issue(user), LinkKind.SET_PASSWORD),
        (issue(user, LinkKind.RESET_PASSWORD), LinkKind.RESET_PASSWORD),
        (issue(other), LinkKind.SET_PASSWORD),
        (issue(subject="one", **verify), LinkKind.VERIFY_EMAIL),
        (issue(subject="two", **verify), LinkKind.VERIFY_EMAIL),
    ]
    assert [read_link(token, [kind]).kind for token, kind in tokens] == [kind for _, kind in tokens]


def test_given_lifetime_over_when_used_then_refused(user):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        token = issue(user)
        clock.shift(HOUR - timedelta(seconds=1))
        assert read_link(token, SET).user == user
        clock.shift(timedelta(seconds=1))
        with pytest.raises(LinkRefused):
            use_link(token, SET)
    assert MailLink.objects.get().used_at is None


@pytest.mark.parametrize("token", ["", "nonsense", "가나다", "x" * 5000])
def test_given_unknown_token_when_used_then_refused(user, token):
    issue(user)
    with pytest.raises(LinkRefused):
        use_link(token, SET)
    assert MailLink.objects.get().used_at is None


def test_given_wrong_kind_other_realm_or_inactive_user_when_used_then_refused(user):
    token = issue(user)
    with pytest.raises(LinkRefused):
        use_link(token, [LinkKind.RESET_PASSWORD])
    with pytest.raises(LinkRefused):
        use_link(token, SET, realm="WopqM8euoYw89B7i")
    User.objects.update(is_active=False)
    with pytest.raises(LinkRefused):
        use_link(token, SET)
    assert MailLink.objects.get().used_at is None


@pytest.mark.django_db(transaction=True)
def test_given_one_link_when_used_twice_at_once_then_exactly_one_wins():
    user = User.objects.create_user(realm="", login_id="a@example.com")
    token = issue(user)
    start, results = threading.Barrier(2), []

    def use():
        try:
            start.wait()
            use_link(token, SET)
            results.append("won")
        except LinkRefused:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "won"]
