import pytest
from django.test import RequestFactory

from daedap.core.requests import raw_path

SENT = "/a%ed%99%8D/x;y//../b.json"


@pytest.mark.parametrize(
    "meta",
    [
        {"asgi.scope": {"raw_path": SENT.encode()}},
        {"asgi.scope": {"raw_path": None}, "REQUEST_URI": SENT},
        {"REQUEST_URI": f"{SENT}?q=http://x"},
        {"RAW_URI": f"http://acme.oc.localhost:8000{SENT}?q=1"},
    ],
)
def test_given_what_a_server_tells_when_read_then_the_path_as_sent(meta):
    assert raw_path(RequestFactory().get("/elsewhere/", **meta)) == SENT


def test_given_server_that_tells_nothing_when_read_then_the_decoded_path_encoded_anew():
    assert raw_path(RequestFactory().get("/홍/b.json")) == "/%ED%99%8D/b.json"
