"""Where a signed returnUrl may lead, against anything that may be signed (spec 20, 6.8 and 8.5)."""

from __future__ import annotations

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from daedap.members.models import IntegrationSettings
from daedap.members.return_urls import allowed_target
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
