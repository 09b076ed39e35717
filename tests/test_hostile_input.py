"""What no browser sends by itself: NUL characters, wrong hosts, foreign places to go to, bodies without measure."""

from __future__ import annotations

import pytest

from daedap.core.scoping import service_scope
from daedap.members.models import LoginType
from daedap.members.sessions import cookie_name, open_session
from daedap.tickets.models import Entry
from tests import factories
from tests.factories import PASSWORD

FOREIGN = [
    "//evil.example",
    "/\\evil.example",
    "\\evil.example",
    "///evil.example",
    "https:evil.example",
    "https://evil.example/",
    "http:///evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
]
NO_PATHS = ["abc", "portal", "?x=1", "%", "", "/" + "a" * 3000]


@pytest.mark.parametrize("target", FOREIGN + NO_PATHS)
def test_given_no_page_of_ours_as_next_when_signing_in_or_choosing_a_language_then_home(
    acme, owner, founder, client_of, platform_client, target
):
    client = client_of(acme)
    signed_in = client.post("/login/", {"login_id": "owner", "password": PASSWORD, "next": target})
    already = client.get("/login/", {"next": target})
    language = client.post("/-/language/", {"language": "en", "next": target})
    assert [answer.headers["Location"] for answer in (signed_in, already, language)] == ["/", "/", "/"]
    given = {"email": founder.email, "password": PASSWORD, "next": target}
    assert platform_client.post("/login/", given).headers["Location"] == "/console/"


@pytest.mark.parametrize("path", ["/shop/api/v2/ticket/attachments/%00", "/shop/hc/ticket/done/%00/", "/login/%00/"])
def test_given_a_nul_in_the_path_when_asked_on_an_organizations_site_then_404(acme, shop, client_of, path):
    assert client_of(acme).get(path).status_code == 404


@pytest.mark.parametrize("path", ["/console/%00/", "/operator/accounts/platformmember/certificate/%00/"])
def test_given_a_nul_in_the_path_when_asked_on_the_platform_site_then_404(founder, platform_client, path):
    founder.is_staff = founder.is_superuser = True
    founder.save()
    platform_client.force_login(founder)
    assert platform_client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "hcsid", "hcvisitor", "hc_lang", "hcnotice", "messages"])
def test_given_a_nul_in_a_cookie_when_a_page_is_asked_then_as_if_without(acme, shop, client_of, name):
    headers = {"cookie": f'{name}="abcdefgh\\000"'}
    for path in ("/login/", "/shop/hc/", "/shop/hc/ticket/"):
        assert client_of(acme).get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("ACME.oc.localhost", 200),
        ("acme.oc.localhost.", 200),
        ("acme.oc.localhost:99", 200),
        ("acme.oc.localhost:99@evil.example", 400),
        ("acme.oc.localhost:evil.example", 400),
        ("acme.oc.localhost.evil.example", 404),
        ("localhost,evil.example", 404),
        ("a.acme.oc.localhost", 404),
        (".oc.localhost", 404),
        ("[::1]", 404),
        ("", 404),
    ],
)
def test_given_a_strange_host_when_asked_then_ours_or_nothing_and_never_another_name(
    acme, shop, client_of, host, status
):
    headers = {"host": host, "x-forwarded-host": "evil.example"}
    response = client_of(acme).get("/shop/hc/", headers=headers)
    assert response.status_code == status
    assert "evil.example" not in response.text


@pytest.mark.parametrize(
    "body", ["&".join(f"f{n}=1" for n in range(3000)), "content=" + "x" * 2_000_000, "a=%00&b=%ED%A0%80&c=%FF"]
)
def test_given_a_monstrous_form_when_sent_to_a_help_centre_then_refused_and_no_ticket(acme, shop, client_of, body):
    from daedap.tickets.models import Ticket

    form = "application/x-www-form-urlencoded"
    assert client_of(acme).post("/shop/hc/ticket/", body, content_type=form).status_code in (400, 413, 422)
    assert not Ticket._base_manager.exists()


def test_given_hostile_values_when_a_member_asks_again_or_narrows_the_list_then_never_an_error(acme, shop, client_of):
    client = client_of(acme)
    client.raise_request_exception = False
    factories.integrate(shop)
    with service_scope(acme.pk, shop.pk):
        member = factories.make_member(shop)
        ticket = factories.make_ticket(shop, member=member)
        client.cookies[cookie_name()] = open_session(service=shop, member=member, login_type=LoginType.GET)
    own = "/shop/hc/ticket/list/"
    for wrong in ("%00", "%ED%A0%80", "T" * 500, "..%2f..%2fetc", "%F0%9F%92%A9"):
        assert client.get(f"{own}{wrong}/").status_code == 404, wrong
        assert client.post(f"{own}{wrong}/", {"content": "x"}).status_code == 404, wrong
    for value in ("\0", "9" * 400, "-1", "<script>", "\U0001f600"):
        assert client.get(own, {"category": value, "status": value, "page": value}).status_code == 200
        assert client.get("/shop/hc/ticket/", {"category": value, "additionId": value}).status_code == 200
        given = {"form_id": value, "file_ids": [value] * 50, "content": ""}
        assert client.post(f"{own}{ticket.ticket_id}/", given).status_code == 422
    assert client.post(f"{own}{ticket.ticket_id}/", {"content": "x" * 2_000_000}).status_code in (400, 413, 422)
    assert not Entry._base_manager.exists()


def test_given_another_sites_form_when_posted_anywhere_then_403(acme, shop, owner, client_of):
    """Without our token nothing is posted: logging in included, so that nobody is logged in as somebody else."""
    client = client_of(acme, enforce_csrf_checks=True)
    given = {"login_id": "owner", "password": PASSWORD, "language": "en"}
    paths = ["/login/", "/logout/", "/login/find-password/", "/-/language/", "/shop/hc/logout/"]
    paths += [
        "/shop/hc/ticket/",
        "/shop/hc/ticket/list/T1658199661000aaaaa/",
        "/shop/hc/ticket/files/",
        "/admin/organization/key/change/",
    ]
    for path in paths:
        assert client.post(path, given).status_code == 403, path
    assert "_auth_user_id" not in client.session


def test_given_somebody_signed_in_when_pages_are_sent_then_no_cache_keeps_them(
    acme, shop, owner, agent, founder, client_of, platform_client
):
    platform_client.force_login(founder)
    asked = [
        (client_of(acme, owner), "/admin/organization/"),
        (client_of(acme, owner), "/admin/services/"),
        (client_of(acme, agent), "/shop/tickets/"),
        (platform_client, "/console/"),
        (platform_client, "/me/"),
    ]
    for client, path in asked:
        response = client.get(path)
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"], path
        assert "private" in response.headers["Cache-Control"], path
    assert "Cache-Control" not in client_of(acme).get("/shop/hc/").headers
