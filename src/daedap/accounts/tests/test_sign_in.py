from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.utils import timezone

from daedap.accounts.actions import SignInRefused, sign_in, sign_out
from daedap.accounts.models import SignInRecord, User
from daedap.core.errors import TooManyAttempts
from tests.jobs import run_jobs

REALM = "WopqM8euoYw89B7i"
PASSWORD = "Ocean!72"


@pytest.fixture
def kim(db):
    return User.objects.create_user(
        realm=REALM, login_id="kim", email="kim@example.com", name="김상담", password=PASSWORD
    )


def a_request(ip="203.0.113.7"):
    request = RequestFactory().post("/login/", REMOTE_ADDR=ip, headers={"user-agent": "Firefox"})
    request.session = SessionStore()
    return request


def attempt(password, *, login_id="kim", realm=REALM, ip="203.0.113.7", **rules):
    """Return "in", "refused" or "locked"."""
    try:
        sign_in(a_request(ip), realm=realm, login_id=login_id, password=password, **rules)
    except SignInRefused:
        return "refused"
    except TooManyAttempts:
        return "locked"
    return "in"


def results():
    return list(SignInRecord.objects.order_by("pk").values_list("login_id", "result"))


def test_given_right_password_when_signing_in_then_fresh_session_and_record(kim):
    request = a_request()
    request.session["before"] = 1
    request.session.save()
    before = request.session.session_key
    # when
    user = sign_in(request, realm=REALM, login_id=" KIM ", password=PASSWORD)
    # then
    assert user == kim
    assert request.session.session_key != before
    assert request.session["_auth_user_id"] == str(kim.pk)
    row = SignInRecord.objects.get()
    assert (row.realm, row.login_id, row.user, row.result) == (REALM, "kim", kim, "ok")
    assert (row.ip, row.user_agent) == ("203.0.113.7", "Firefox")
    kim.refresh_from_db()
    assert kim.last_login is not None


def test_given_session_when_signing_out_then_it_is_gone(kim):
    request = a_request()
    sign_in(request, realm=REALM, login_id="kim", password=PASSWORD)
    key = request.session.session_key
    sign_out(request)
    assert not SessionStore().exists(key)
    assert "_auth_user_id" not in request.session


@pytest.mark.parametrize("case", ["wrong ID", "wrong password", "no password", "inactive", "left", "other realm"])
def test_given_any_reason_when_refused_then_one_message_no_session_A31_A50(kim, case):
    login_id, password, realm, rules = "kim", PASSWORD, REALM, {}
    if case == "wrong ID":
        login_id = "nobody"
    elif case == "wrong password":
        password = "ocean!72"
    elif case == "no password":
        kim.set_unusable_password()
        kim.save()
    elif case == "inactive":
        User.objects.update(is_active=False)
    elif case == "left":
        rules = {"may_enter": lambda user: False}
    else:
        realm = ""
    request = a_request()
    with pytest.raises(SignInRefused) as refused:
        sign_in(request, realm=realm, login_id=login_id, password=password, **rules)
    assert str(refused.value.message) == "아이디 또는 비밀번호가 일치하지 않습니다."
    assert "_auth_user_id" not in request.session
    assert [result for _, result in results()] == ["refused"]
    kim.refresh_from_db()
    assert kim.last_login is None


@pytest.mark.parametrize("login_id", ["kim", "nobody", "no-password"])
def test_given_any_id_when_refused_then_exactly_one_hash_is_computed(kim, login_id, monkeypatch):
    from django.contrib.auth.hashers import Argon2PasswordHasher

    User.objects.create_user(realm=REALM, login_id="no-password")
    computed = []
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)
        monkeypatch.setattr(
            Argon2PasswordHasher,
            name,
            lambda self, *args, _real=real, **facts: (computed.append(1), _real(self, *args, **facts))[1],
        )
    assert attempt("wrong!72", login_id=login_id) == "refused"
    assert len(computed) == 1


@pytest.mark.parametrize("login_id", ["kim", "nobody"])
def test_given_five_failures_when_right_password_then_locked_for_ten_minutes_A39(kim, login_id):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [attempt("wrong!72", login_id=login_id) for _ in range(5)] == ["refused"] * 5
        with pytest.raises(TooManyAttempts) as locked:
            sign_in(a_request(), realm=REALM, login_id=login_id.upper(), password=PASSWORD)
        assert str(locked.value.message) == "로그인 시도 횟수를 초과하여 10분간 로그인할 수 없습니다."
        # attempts while locked do not prolong it
        clock.shift(timedelta(minutes=9, seconds=30))
        with pytest.raises(TooManyAttempts) as locked:
            sign_in(a_request(), realm=REALM, login_id=login_id, password="wrong!72")
        assert str(locked.value.message) == "로그인 시도 횟수를 초과하여 1분간 로그인할 수 없습니다."
        clock.shift(timedelta(seconds=30))
        expected = "in" if login_id == "kim" else "refused"
        assert attempt(PASSWORD, login_id=login_id) == expected
    assert [result for _, result in results()][5:7] == ["locked", "locked"]


def test_given_lock_over_when_four_more_failures_then_no_lock_yet(kim):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(7):
            attempt("wrong!72")
        clock.shift(timedelta(minutes=10))
        assert [attempt("wrong!72") for _ in range(4)] == ["refused"] * 4
        assert attempt(PASSWORD) == "in"


def test_given_success_between_when_eight_failures_then_no_lock_A40(kim):
    tries = [attempt(password) for password in ["wrong!72"] * 4 + [PASSWORD] + ["wrong!72"] * 4 + [PASSWORD]]
    assert tries == ["refused"] * 4 + ["in"] + ["refused"] * 4 + ["in"]


def test_given_lock_of_one_realm_when_same_id_elsewhere_then_not_locked(kim):
    User.objects.create_user(realm="Abcdefgh12345678", login_id="kim", password=PASSWORD)
    for _ in range(5):
        attempt("wrong!72")
    assert attempt(PASSWORD) == "locked"
    assert attempt(PASSWORD, realm="Abcdefgh12345678") == "in"


def test_given_thirty_failures_of_an_address_when_any_id_then_paused_for_ten_minutes(kim):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert {attempt("wrong!72", login_id=f"id{number}") for number in range(30)} == {"refused"}
        assert attempt(PASSWORD) == "locked"
        assert attempt(PASSWORD, ip="203.0.113.8") == "in"
        clock.shift(timedelta(minutes=10))
        assert attempt(PASSWORD) == "in"


def test_given_lock_when_jobs_run_then_only_a_known_person_is_told(kim, mailoutbox):
    for login_id in ("kim", "nobody"):
        for _ in range(5):
            attempt("wrong!72", login_id=login_id)
    run_jobs()
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [(["kim@example.com"], "[Daedap] 로그인이 잠겼습니다")]


def test_given_long_id_when_refused_then_record_is_shortened(kim):
    assert attempt("x", login_id="x" * 300) == "refused"
    assert results() == [("x" * 64, "refused")]
