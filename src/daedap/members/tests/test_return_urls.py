"""Where a signed returnUrl may lead, against anything that may be signed (spec 20, 6.8 and 8.5)."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daedap.members.models import IntegrationSettings
from daedap.members.return_urls import allowed_target, origin_of
from daedap.organizations.models import Organization
from daedap.services.models import Service

ACME, HANGAME = Organization(domain="acme"), Service(service_id="hangame")
SETTINGS = IntegrationSettings(
    login_url="https://shop.example.com/login",
    login_status_url="https://api.example.com/status",
    return_domains=["www.example.com"],
)
HOSTS = {"acme.oc.localhost", "shop.example.com", "api.example.com", "www.example.com"}

pieces = st.sampled_from(
    [
        "https:", "http:", "javascript:", "//", "/", "\\", "@", ":", "?", "#", "%2f", "%00", "..", "\t", "\n", " ",
        "\u3002", "\uff0f",
        "evil.example", "shop.example.com", "www.example.com", "acme.oc.localhost:8000", "hangame/hc", "[", "]",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=9).map("".join) | st.text(max_size=40))
@example("https://shop.example.com\\@evil.example/")
@example("https://shop.example.com\u3002evil.example/")
@example("https:evil.example")
@example("///evil.example")
@example("/\t/evil.example")
def test_given_anything_signed_when_followed_then_only_to_hosts_that_are_allowed(wanted):
    target = allowed_target(wanted, ACME, HANGAME, SETTINGS)
    if target is None:
        return
    assert target.isascii()
    assert target.isprintable()
    assert "\\" not in target
    if target.startswith("/"):
        assert target.startswith("/hangame/hc")
    else:
        address = httpx.URL(target)
        assert address.scheme in {"https", "http"}
        assert address.host in HOSTS
        assert address.userinfo == b""


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Login.Example.com:443/in?a=1", "https://login.example.com"),
        ("https://api.example.com:8443/status", "https://api.example.com:8443"),
        ("https://로그인.한국/in", "https://xn--2i0b10rutm.xn--3e0b707e"),
        ("http://[2001:4860::8888]:9000/in", "http://[2001:4860::8888]:9000"),
    ],
)
def test_given_an_address_when_its_origin_is_named_then_as_browsers_and_headers_write_it(address, origin):
    assert origin_of(address) == origin


@pytest.mark.parametrize("host", ["로그인.한국", "xn--2i0b10rutm.xn--3e0b707e"])
def test_given_a_login_page_on_a_korean_host_when_it_is_returned_to_then_it_is_known_by_both_spellings(host):
    for settings in (
        IntegrationSettings(login_url="https://로그인.한국/in"),
        IntegrationSettings(return_domains=["xn--2i0b10rutm.xn--3e0b707e"]),
    ):
        target = allowed_target(f"https://{host}/thanks", ACME, HANGAME, settings)
        assert target == "https://xn--2i0b10rutm.xn--3e0b707e/thanks"
