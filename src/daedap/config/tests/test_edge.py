"""Which requests wait in the edge, and which are Django's."""

from __future__ import annotations

import pytest

from daedap.config.edge import waits

HOST = "acme.oc.localhost:8000"


@pytest.mark.parametrize("path", ["/shop/hc", "/shop/hc/", "/Shop/hc/ticket/", "/shop/hc/faq/3"])
@pytest.mark.parametrize("query", [b"token=x", b"usercode=1&token=x", b"a=1&accessToken=x&b", b"%74oken=x", b"token="])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_given_a_help_centre_page_with_a_token_when_routed_then_it_is_the_edges(method, path, query):
    assert waits(method=method, host=HOST, path=path, query=query)


def test_given_the_errand_of_a_connection_test_when_routed_then_it_is_the_edges():
    path = "/shop/settings/member-integration/test/ask/"
    assert waits(method="GET", host=HOST, path=path, query=b"ticket=x")
    assert not waits(method="POST", host=HOST, path=path, query=b"")
    assert not waits(method="GET", host="localhost:8000", path=path, query=b"ticket=x")
    assert not waits(method="GET", host=HOST, path=path.removesuffix("ask/"), query=b"result=x")


@pytest.mark.parametrize(
    ("method", "host", "path", "query"),
    [
        ("POST", HOST, "/shop/hc/", b"token=x"),
        ("GET", "localhost:8000", "/shop/hc/", b"token=x"),
        ("GET", "oc.localhost", "/shop/hc/", b"token=x"),
        ("GET", "a.b.oc.localhost", "/shop/hc/", b"token=x"),
        ("GET", "acme.oc.localhost.example.com", "/shop/hc/", b"token=x"),
        ("GET", "", "/shop/hc/", b"token=x"),
        ("GET", HOST, "/shop/hc/", b""),
        ("GET", HOST, "/shop/hc/", b"token"),
        ("GET", HOST, "/shop/hc/", b"Token=x&accesstoken=x&mytoken=x"),
        ("GET", HOST, "/shop/hc/", b"next=token=x"),
        ("GET", HOST, "/shop2/hc/", b"token=x"),
        ("GET", HOST, "/shop/hcx/", b"token=x"),
        ("GET", HOST, "/shop/tickets/", b"token=x"),
        ("GET", HOST, "/shop/x/hc/", b"token=x"),
        ("GET", HOST, "/hc/", b"token=x"),
        ("GET", HOST, "/shop/hc\n", b"token=x"),
    ],
)
def test_given_anything_else_when_routed_then_it_is_djangos(method, host, path, query):
    assert not waits(method=method, host=host, path=path, query=query)
