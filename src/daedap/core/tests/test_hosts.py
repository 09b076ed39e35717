import pytest

from daedap.core.hosts import organization_url, platform_url, read_host


@pytest.mark.parametrize(
    ("host", "means"),
    [
        ("localhost:8000", ("platform", "")),
        ("LOCALHOST", ("platform", "")),
        ("acme.oc.localhost:8000", ("organization", "acme")),
        ("ACME.oc.localhost.", ("organization", "acme")),
        ("a.b.oc.localhost", None),
        (".oc.localhost", None),
        ("oc.localhost", None),
        ("acme.localhost", None),
        ("acme.oc.localhost.evil.example", None),
        ("evil.example", None),
        ("127.0.0.1:8000", None),
        ("", None),
    ],
)
def test_given_a_host_when_read_then_its_site(host, means):
    assert read_host(host) == means


def test_given_our_pages_when_addressed_then_the_public_address_shows():
    assert platform_url("/me/") == "http://localhost:8000/me/"
    assert organization_url("acme", "/login/") == "http://acme.oc.localhost:8000/login/"
