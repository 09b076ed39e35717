"""The decorator of help-centre pages: who the visitor is, stripped addresses, the one-time notice."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from daedap.core.actors import ActorKind
from daedap.core.scoping import organization_scope
from daedap.members.access import FormAccess, help_centre_page
from daedap.members.models import LoginType
from daedap.members.notices import COOKIE, LOGIN_FAILED
from daedap.members.sessions import cookie_name, open_session
from tests.factories import make_member

from .entry_helpers import integrate

pytestmark = pytest.mark.django_db


def visit(organization, path: str, *, method: str = "GET", **cookies: str):
    """Open a page made with the decorator; return the request as the view saw it, or None, and the response."""
    seen = []

    @help_centre_page
    def page(request):
        seen.append(request)
        return HttpResponse("page")

    request = RequestFactory().generic(method, path, HTTP_HOST="acme.oc.localhost:8000")
    request.COOKIES.update(cookies)
    request.organization = organization
    with organization_scope(organization.pk):
        response = page(request, path.split("/")[1])
    return (seen[0] if seen else None), response


@pytest.fixture
def secret(open_shop):
    integrate(open_shop, "https://members.example.com")
    return open_session(service=open_shop, member=make_member(open_shop, "hong"), login_type=LoginType.GET)


def test_given_session_when_opened_then_the_view_knows_the_member(acme, secret):
    request, response = visit(acme, "/shop/hc/", **{cookie_name(): secret})
    assert request.member.usercode == "hong"
    assert (request.actor.kind, request.actor.id) == (ActorKind.MEMBER, request.member.pk)
    assert request.access.form == FormAccess.MEMBER
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"
    assert "Cookie" in response["Vary"]


def test_given_no_session_when_opened_then_guest(acme, secret):
    request, response = visit(acme, "/shop/hc/")
    assert request.member is None
    assert request.actor.kind == ActorKind.GUEST
    assert request.access.form == FormAccess.GUEST
    assert "Cache-Control" not in response


def test_given_session_when_integration_is_disabled_then_guest(acme, open_shop, secret):
    integrate(open_shop, "https://members.example.com", enabled=False)
    request, _response = visit(acme, "/shop/hc/", **{cookie_name(): secret})
    assert request.member is None


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/shop/hc/?usercode=hong&time=1&from=app", "/shop/hc/?from=app"),
        ("/shop/hc/?token=abc", "/shop/hc/"),
        ("/shop/hc/?a=1&%75sercode=hong", "/shop/hc/?a=1"),
        ("/SHOP/hc/faq/?q=%EB%B0%B0", "/shop/hc/faq/?q=%EB%B0%B0"),
        ("/shop/hc/%ED%95%9C/?email=a", "/shop/hc/%ED%95%9C/"),
    ],
)
def test_given_identity_parameters_when_opened_then_stripped_example_46(acme, shop, address, target):
    request, response = visit(acme, address)
    assert request is None
    assert (response.status_code, response["Location"], response.content) == (302, target, b"")
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ["/shop/hc/", "/shop/hc/?from=app&q=a+b&&x", "/shop/hc/ticket?emails=1"])
def test_given_other_parameters_when_opened_then_served(acme, shop, address):
    request, response = visit(acme, address)
    assert request is not None
    assert response.status_code == 200


def test_given_post_with_an_email_in_the_query_when_sent_then_not_redirected(acme, shop):
    assert visit(acme, "/shop/hc/ticket/?email=a", method="POST")[0] is not None


def test_given_https_installation_when_identity_comes_by_http_then_refused(acme, shop, settings):
    from daedap.core.errors import PermissionRefused

    settings.SECURE = True
    with pytest.raises(PermissionRefused):
        visit(acme, "/shop/hc/?usercode=hong")
    assert visit(acme, "/shop/hc/")[0] is not None


def test_given_a_notice_when_a_page_is_shown_then_once(acme, shop):
    request, response = visit(acme, "/shop/hc/", **{COOKIE: LOGIN_FAILED})
    assert request.notice == "회원 인증에 실패하여 비회원으로 접속되었습니다."
    assert (response.cookies[COOKIE]["max-age"], response.cookies[COOKIE]["path"]) == (0, "/shop/")
    assert response["Cache-Control"] == "no-store"


def test_given_a_notice_of_somebody_else_when_shown_then_nothing(acme, shop):
    request, response = visit(acme, "/shop/hc/", **{COOKIE: "<script>"})
    assert request.notice == ""
    assert COOKIE not in response.cookies


def test_given_a_notice_when_redirected_or_posted_then_kept_for_the_next_page(acme, shop):
    _request, response = visit(acme, "/shop/hc/", method="POST", **{COOKIE: LOGIN_FAILED})
    assert COOKIE not in response.cookies
