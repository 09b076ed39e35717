"""Sessions of members (spec 20, section 10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import RequestFactory

from daedap.core.scoping import service_scope
from daedap.members import sessions
from daedap.members.models import LoginType, MemberSession
from daedap.services.models import Service
from tests.factories import make_member, make_service

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def visit(service: Service, secret: str):
    request = RequestFactory().get(f"/{service.service_id}/hc/")
    request.COOKIES[sessions.cookie_name()] = secret
    request.service = service
    request.organization = service.organization
    return request


def open_for(service: Service) -> str:
    return sessions.open_session(service=service, member=make_member(service, "hong"), login_type=LoginType.GET)


def test_given_session_when_visited_then_member_and_only_a_hash_is_stored(open_shop):
    secret = open_for(open_shop)
    assert sessions.current_member(visit(open_shop, secret)).usercode == "hong"
    assert len(secret) == 43
    assert secret not in MemberSession.objects.get().token_hash
    assert sessions.current_member(visit(open_shop, "x" * 43)) is None
    assert sessions.current_member(visit(open_shop, "")) is None


def test_given_30_idle_minutes_when_visited_then_guest_example_58(open_shop):
    with time_machine.travel(NOW, tick=False) as clock:
        secret = open_for(open_shop)
        clock.shift(timedelta(minutes=29, seconds=59))
        assert sessions.current_member(visit(open_shop, secret)) is not None
        clock.shift(timedelta(minutes=30))
        assert sessions.current_member(visit(open_shop, secret)) is None


def test_given_steady_use_when_12_hours_are_over_then_guest(open_shop):
    with time_machine.travel(NOW, tick=False) as clock:
        secret = open_for(open_shop)
        for _ in range(35):
            clock.shift(timedelta(minutes=20))
            assert sessions.current_member(visit(open_shop, secret)) is not None
        clock.shift(timedelta(minutes=20))
        assert sessions.current_member(visit(open_shop, secret)) is None


def test_given_many_visits_in_a_minute_when_read_then_use_is_written_once(open_shop, django_assert_num_queries):
    with time_machine.travel(NOW, tick=False) as clock:
        secret = open_for(open_shop)
        clock.shift(timedelta(seconds=59))
        request = visit(open_shop, secret)
        with django_assert_num_queries(1):
            sessions.current_member(request)
            sessions.current_session(request)
        assert MemberSession.objects.get().last_used_at == NOW
        clock.shift(timedelta(seconds=1))
        with django_assert_num_queries(2):
            sessions.current_member(visit(open_shop, secret))
        assert MemberSession.objects.get().last_used_at == NOW + timedelta(seconds=60)


def test_given_session_of_service_a_when_on_service_b_then_guest_example_57(acme, open_shop):
    secret = open_for(open_shop)
    other = make_service(acme, "other")
    with service_scope(acme.pk, other.pk):
        assert sessions.current_member(visit(other, secret)) is None


def test_given_session_when_the_key_was_changed_at_once_then_guest_at_once_example_37(open_shop):
    with time_machine.travel(NOW, tick=False) as clock:
        secret = open_for(open_shop)
        clock.shift(timedelta(seconds=5))
        open_shop.organization.key_cut_at = datetime.now(UTC)
        assert sessions.current_member(visit(open_shop, secret)) is None
        clock.shift(timedelta(seconds=5))
        fresh = sessions.open_session(service=open_shop, member=make_member(open_shop, "kim"), login_type=LoginType.GET)
        assert sessions.current_member(visit(open_shop, fresh)) is not None


def test_given_session_when_ended_then_only_this_one_is_gone(open_shop):
    secret = open_for(open_shop)
    other = sessions.open_session(service=open_shop, member=make_member(open_shop, "kim"), login_type=LoginType.GET)
    request, response = visit(open_shop, secret), HttpResponse()
    assert sessions.current_member(request) is not None
    sessions.end_session(request, response)
    assert sessions.current_member(request) is None
    assert sessions.current_member(visit(open_shop, secret)) is None
    assert sessions.current_member(visit(open_shop, other)).usercode == "kim"
    assert response.cookies[sessions.cookie_name()]["max-age"] == 0


def test_given_sessions_of_two_services_when_all_of_one_end_then_the_others_stay(acme, open_shop):
    open_for(open_shop)
    other = make_service(acme, "other")
    with service_scope(acme.pk, other.pk):
        kept = open_for(other)
    assert sessions.end_all_sessions(open_shop, cause="test") == 1
    with service_scope(acme.pk, other.pk):
        assert sessions.current_member(visit(other, kept)) is not None


@pytest.mark.parametrize(("secure", "name"), [(True, "__Secure-hcsid"), (False, "hcsid")])
def test_given_scheme_when_cookie_is_set_then_it_is_closed_up_as_the_scheme_allows(settings, shop, secure, name):
    settings.SECURE = secure
    response = HttpResponse()
    sessions.set_session_cookie(response, shop, "secret")
    cookie = response.cookies[name]
    assert cookie.value == "secret"
    assert cookie["path"] == "/shop/"
    assert cookie["domain"] == ""
    assert cookie["httponly"] is True
    assert cookie["samesite"].lower() == "lax"
    assert bool(cookie["secure"]) is secure
