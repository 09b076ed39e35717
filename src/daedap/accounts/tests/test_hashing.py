"""Argon2 within bounds: how many at once, how many wait, and that one organization's crowd leaves room for others."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password

from daedap.accounts import hashing
from daedap.accounts.hashing import Places, TooBusy
from daedap.accounts.models import SignInRecord
from daedap.core.errors import TooManyAttempts
from daedap.core.models import LimitCounter
from daedap.core.scoping import organization_scope
from tests import factories

A, B, C = 1, 2, 3


class Crowd:
    """Threads that take a place each and keep it until `end`; `most` is how many had one at the same time."""

    def __init__(self, places):
        self.places, self.go, self.lock = places, threading.Event(), threading.Lock()
        self.now = self.most = 0
        self.served, self.refused, self.threads = [], [], []

    def _come(self, whom):
        try:
            with self.places.take(whom):
                with self.lock:
                    self.now += 1
                    self.most = max(self.most, self.now)
                    self.served.append(whom)
                self.go.wait(10)
                with self.lock:
                    self.now -= 1
        except TooBusy:
            with self.lock:
                self.refused.append(whom)

    def come(self, *whom):
        for each in whom:
            thread = threading.Thread(target=self._come, args=(each,))
            thread.start()
            self.threads.append(thread)
            self._wait_for_each()  # one after the other

    def _wait_for_each(self):
        """Wait until everybody so far has a place, waits for one, or was refused; the first has the only place."""
        end = time.monotonic() + 10
        while self.places._inside.total() + len(self.refused) < len(self.threads) or not self.served:
            assert time.monotonic() < end
            time.sleep(0.001)

    def end(self):
        self.go.set()
        for thread in self.threads:
            thread.join(10)


@pytest.fixture
def crowd():
    made = Crowd(Places(at_once=1, waiting=4, share=3, patience=5))
    yield made
    made.end()


def test_given_a_crowd_of_one_when_another_comes_then_refused_at_once_and_others_still_get_in(crowd):
    crowd.come(A, A, A)
    begun = time.monotonic()
    crowd.come(A, A, A)
    assert crowd.refused == [A, A, A]
    assert time.monotonic() - begun < 1
    crowd.come(B, B, C)
    assert crowd.refused == [A, A, A, C]  # the places to wait are taken
    crowd.end()
    assert sorted(crowd.served) == [A, A, A, B, B]
    assert crowd.most == 1


def test_given_places_taken_when_they_get_free_then_anybody_may_come_again(crowd):
    crowd.come(A, A, A)
    crowd.end()
    for _ in range(10):
        with crowd.places.take(A):
            pass
    assert not crowd.places._inside


def test_given_nobody_leaves_when_patience_is_over_then_refused_and_the_place_to_wait_is_free():
    places = Places(at_once=1, waiting=4, share=3, patience=0.05)
    with places.take(A):
        for _ in range(5):
            with pytest.raises(TooBusy), places.take(B):
                raise AssertionError
    with places.take(B):
        pass


def test_given_an_error_inside_when_it_leaves_then_the_place_is_free():
    places = Places(at_once=1, waiting=0, share=1, patience=0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.take(A):
            raise ZeroDivisionError
    with places.take(B):
        pass


def test_given_threads_that_hash_when_counted_then_never_more_than_allowed_at_once(monkeypatch):
    monkeypatch.setattr(hashing, "PLACES", Places(at_once=1, waiting=7, share=8, patience=30))
    now, most, lock = 0, 0, threading.Lock()
    real = hashing.Argon2PasswordHasher.encode

    def counted(self, *args):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            return real(self, *args)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(hashing.Argon2PasswordHasher, "encode", counted)
    with ThreadPoolExecutor(6) as pool:
        hashes = list(pool.map(make_password, ["Ocean!72"] * 6))
    assert most == 1
    assert len(set(hashes)) == 6


def test_given_a_hash_with_many_lanes_when_checked_then_it_still_counts_and_is_made_anew():
    class Old(hashing.Argon2PasswordHasher):
        parallelism, memory_cost = 8, 1024

    old, new = Old().encode("Ocean!72", "somesalt0"), []
    assert check_password("Ocean!72", old, setter=new.append)
    assert new == ["Ocean!72"]
    assert ",p=1$" in make_password("Ocean!72")
    assert not identify_hasher(make_password("Ocean!72")).must_update(make_password("Ocean!72"))


def test_given_scopes_when_hashing_then_each_tenant_has_its_own_share(monkeypatch, db):
    taken = []

    class Noted(Places):
        def take(self, whom):
            taken.append(whom)
            return super().take(whom)

    monkeypatch.setattr(hashing, "PLACES", Noted(at_once=1, waiting=0, share=1, patience=1))
    make_password("x")
    with organization_scope(7):
        make_password("x")
    assert taken == [0, 7]


# --- Signing in while it is busy -------------------------------------------------------------------------------


@pytest.fixture
def busy(monkeypatch):
    """No place is free."""
    monkeypatch.setattr(hashing, "PLACES", Places(at_once=0, waiting=0, share=0, patience=0))


def test_given_no_free_place_when_signing_in_then_503_in_plain_words_and_nothing_is_counted_against_the_id(
    acme, owner, client_of, monkeypatch
):
    client = client_of(acme)
    given = {"login_id": "owner", "password": factories.PASSWORD}
    with monkeypatch.context() as patched:
        patched.setattr(hashing, "PLACES", Places(at_once=0, waiting=0, share=0, patience=0))
        for _ in range(8):
            page = client.post("/login/", given)
            assert page.status_code == 503
            assert "잠시 후 다시 시도해 주세요" in page.text
            assert 'value="owner"' in page.text
            assert factories.PASSWORD not in page.text
    assert not SignInRecord.objects.exists()
    assert not LimitCounter.objects.filter(count__gt=0).exists()
    assert client.post("/login/", given).status_code == 302


def test_given_no_free_place_when_a_platform_member_signs_in_then_503_and_nothing_is_counted(
    founder, platform_client, busy
):
    page = platform_client.post("/login/", {"email": "founder@example.com", "password": factories.PASSWORD})
    assert page.status_code == 503
    assert "잠시 후 다시 시도해 주세요" in page.text
    assert not SignInRecord.objects.exists()


def test_given_known_and_unknown_ids_when_it_is_busy_then_the_same_answer(acme, owner, client_of, busy):
    answers = [
        client_of(acme).post("/login/", {"login_id": login_id, "password": "wrong!72"}) for login_id in ("owner", "nix")
    ]
    assert {answer.status_code for answer in answers} == {503}


def test_given_no_free_place_when_the_own_password_is_changed_then_told_so_and_nothing_changed(
    acme, owner, client_of, monkeypatch
):
    client, before = client_of(acme, owner), owner.user.password
    monkeypatch.setattr(hashing, "PLACES", Places(at_once=0, waiting=0, share=0, patience=0))
    page = client.post(
        "/console/me/password/", {"current": factories.PASSWORD, "password": "River!83", "again": "River!83"}
    )
    assert page.status_code in (422, 503)
    assert "잠시 후 다시 시도해 주세요" in page.text
    owner.user.refresh_from_db()
    assert owner.user.password == before


def test_given_too_busy_when_caught_like_other_limits_then_it_is_one():
    assert issubclass(TooBusy, TooManyAttempts)
