"""Changing the organization Key at once or with an overlap, and cutting the old one (spec 10, 5.4; A67)."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from daedap.audit.models import AuditEntry, PermissionChange
from daedap.core.actors import SYSTEM, Actor, ActorKind
from daedap.core.crypto import new_key
from daedap.organizations.keys import (
    KeyRefused,
    NoOldKey,
    change_key,
    cut_old_key,
    erase_old_keys,
    note_use,
    valid_keys,
)
from daedap.organizations.models import Organization

INFO, CHANGE, CUT = "/admin/organization/", "/admin/organization/key/change/", "/admin/organization/key/cut/"
NOW = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def change(organization, hours=0):
    change_key(organization_id=organization.pk, actor=SYSTEM, overlap_hours=hours)
    organization.refresh_from_db()


def columns(organization):
    return Organization.objects.filter(pk=organization.pk).values().get()


def log():
    rows = PermissionChange._base_manager.order_by("pk").values_list("operation", "before", "after")
    return list(rows), list(AuditEntry._base_manager.order_by("pk").values_list("action", "facts"))


def test_given_at_once_when_changed_then_only_the_new_key_is_valid_A67(acme, clock):
    old = acme.key
    change(acme)
    assert valid_keys(acme) == [acme.key]
    assert acme.key != old
    assert (acme.old_key, acme.old_key_until, acme.key_cut_at) == ("", None, NOW)
    assert log() == (
        [("change_key", [], [])],
        [("organizations.key_changed", {"overlap_hours": 0})],
    )


@pytest.mark.parametrize("hours", [1, 72])
def test_given_overlap_when_changed_then_both_newest_first_until_the_hour_is_over(acme, clock, hours):
    old = acme.key
    change(acme, hours)
    new = acme.key
    assert valid_keys(acme) == [new, old]
    assert acme.key_cut_at is None
    clock.move_to(NOW + timedelta(hours=hours, microseconds=-1))
    assert valid_keys(acme) == [new, old]
    clock.move_to(NOW + timedelta(hours=hours))
    assert valid_keys(acme) == [new]  # by time, before anything erased it
    assert acme.old_key == old


@pytest.mark.parametrize("hours", [-1, 73])
def test_given_hours_out_of_range_when_changed_then_refused_and_unchanged(acme, hours):
    before = columns(acme)
    with pytest.raises(KeyRefused):
        change_key(organization_id=acme.pk, actor=SYSTEM, overlap_hours=hours)
    assert columns(acme) == before
    assert log() == ([], [])


def test_given_overlap_when_changed_again_then_the_oldest_dies(acme, clock):
    first = acme.key
    change(acme, 72)
    second = acme.key
    clock.shift(60)
    change(acme, 5)
    assert valid_keys(acme) == [acme.key, second]
    assert first not in valid_keys(acme)
    assert acme.key_cut_at == NOW + timedelta(seconds=60)


def test_given_overlap_when_changed_at_once_then_both_older_keys_die(acme, clock):
    change(acme, 72)
    change(acme)
    assert valid_keys(acme) == [acme.key]


def test_given_overlap_when_cut_then_old_key_is_dead_and_it_is_logged_without_keys(acme, clock):
    old = acme.key
    change(acme, 24)
    cut_old_key(organization_id=acme.pk, actor=Actor(ActorKind.IAM_MEMBER, 1, "김관리", "203.0.113.7", "boss"))
    acme.refresh_from_db()
    assert valid_keys(acme) == [acme.key]
    assert (acme.old_key, acme.key_cut_at) == ("", NOW)
    permission, audit = log()
    assert permission == [("change_key", [], [])] * 2
    assert audit[1] == ("organizations.old_key_cut", {})
    assert not any(key in str(log()) for key in (old, acme.key))


@pytest.mark.parametrize("over", [False, True])
def test_given_no_valid_old_key_when_cut_then_refused_and_unrecorded(acme, clock, over):
    if over:
        change(acme, 1)
        clock.shift(3600)
    before, recorded = columns(acme), log()
    with pytest.raises(NoOldKey):
        cut_old_key(organization_id=acme.pk, actor=SYSTEM)
    assert (columns(acme), log()) == (before, recorded)


def test_given_expired_and_live_old_keys_when_job_runs_then_only_the_expired_one_is_erased(acme, beta, clock):
    change(acme, 1)
    change(beta, 2)
    live = beta.old_key
    clock.shift(3600)
    assert erase_old_keys() == 1
    acme.refresh_from_db()
    beta.refresh_from_db()
    assert (acme.old_key, acme.old_key_until, acme.old_key_used_at) == ("", None, None)
    assert beta.old_key == live


def test_given_keys_when_used_then_each_has_its_time_written_at_most_once_a_minute(
    acme, clock, django_assert_num_queries
):
    change(acme, 24)
    with django_assert_num_queries(1):
        note_use(acme, acme.key)
        note_use(acme, acme.key)
    clock.shift(59)
    with django_assert_num_queries(0):
        note_use(acme, acme.key)
    clock.shift(1)
    note_use(acme, acme.old_key)
    note_use(acme, acme.key)
    fresh = Organization.objects.get(pk=acme.pk)
    assert (fresh.key_used_at, fresh.old_key_used_at) == (NOW + timedelta(seconds=60),) * 2


def test_given_request_that_saw_the_key_before_the_change_when_noted_then_the_new_key_stays_unused(acme, clock):
    stale = Organization.objects.get(pk=acme.pk)
    change(acme, 24)
    note_use(stale, stale.key)
    acme.refresh_from_db()
    assert acme.key_used_at is None


def test_given_overlap_when_changed_then_the_last_use_of_the_old_key_is_kept(acme, clock):
    note_use(acme, acme.key)
    clock.shift(7200)
    change(acme, 24)
    assert (acme.old_key_used_at, acme.key_used_at) == (NOW, None)


@pytest.mark.django_db(transaction=True)
def test_given_two_changes_at_once_then_two_keys_are_left_and_none_is_lost(acme):
    first = acme.key
    start = threading.Barrier(2)

    def run():
        start.wait()
        try:
            change_key(organization_id=acme.pk, actor=SYSTEM, overlap_hours=24)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    acme.refresh_from_db()
    keys = valid_keys(acme)
    assert len(set(keys)) == 2
    assert first not in keys
    assert len(log()[0]) == 2


# --- the screens --------------------------------------------------------------------------------------------------


@pytest.fixture
def client(acme, owner, client_of):
    return client_of(acme, owner)


def test_given_overlap_chosen_when_saved_then_both_keys_and_a_word_about_hours(client, acme):
    old = acme.key
    response = client.post(CHANGE, {"confirmation": "acme", "way": "overlap", "hours": "6"}, follow=True)
    acme.refresh_from_db()
    assert valid_keys(acme)[1] == old
    assert acme.old_key_until - acme.key_changed_at == timedelta(hours=6)
    page = response.content.decode()
    assert "이전 Key는 6시간 동안" in page
    assert "아직 사용되지 않음" in page
    assert "지금 차단" in page
    assert not any(key in page for key in valid_keys(acme))


def test_given_at_once_chosen_when_hours_are_nonsense_then_they_do_not_matter(client, acme):
    assert client.post(CHANGE, {"confirmation": "acme", "way": "at_once", "hours": "x"}).url == INFO
    acme.refresh_from_db()
    assert not acme.has_old_key


@pytest.mark.parametrize("hours", ["", "0", "73", "1.5", "x", "-1"])
def test_given_overlap_when_hours_are_wrong_then_422_beside_the_field_and_unchanged(client, acme, hours):
    before = columns(acme)
    response = client.post(CHANGE, {"confirmation": "acme", "way": "overlap", "hours": hours})
    assert response.status_code == 422
    assert response.content.decode().count("1~72시간 사이로 입력해 주세요.") == 1
    assert columns(acme) == before


def test_given_overlap_when_change_page_opened_then_it_says_that_the_older_key_ends(client, acme):
    warning = "어느 방법을 선택해도 그 Key는 지금 바로 만료됩니다."
    assert warning not in client.get(CHANGE).content.decode()
    change(acme, 24)
    assert warning in client.get(CHANGE).content.decode()


def test_given_overlap_when_cut_on_screen_then_dead_and_a_second_cut_says_so(client, acme):
    change(acme, 24)
    assert "이전 Key가 사용된 적이 없습니다" in client.get(CUT).content.decode()
    assert "더 이상 사용할 수 없습니다" in client.post(CUT, follow=True).content.decode()
    acme.refresh_from_db()
    assert not acme.has_old_key
    for again in (client.post, client.get):
        assert "유효한 이전 Key가 없습니다" in again(CUT, follow=True).content.decode()


def test_given_old_key_in_the_database_then_it_is_encrypted(acme):
    acme.old_key = new_key()
    acme.old_key_until = NOW
    acme.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT old_key FROM organizations_organization WHERE id = %s", [acme.pk])
        assert acme.old_key not in cursor.fetchone()[0]
