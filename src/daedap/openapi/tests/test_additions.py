"""`helpcenter.addition.create` (spec 40, 7.8.1)."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from daedap.core.scoping import service_scope
from daedap.openapi.signing import build_message, sign
from daedap.tickets.models import Addition
from tests.factories import make_service

from .calls import Caller, content, read
from .test_signing import ACCEPTED, call_of

URL = "/shop/hc/openapi/v1/addition.json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def company(acme, shop):
    return Caller(acme, shop.key)


@pytest.fixture
def additions(shop):
    def read():
        with service_scope(shop.organization_id, shop.pk):
            return [(each.content, each.is_visible) for each in Addition.objects.order_by("pk")]

    return read


@pytest.mark.parametrize(
    ("query", "body", "content_type", "stored"),
    [
        ("", b"content=%EB%93%B1%EA%B8%89%3A+VIP&visible=1", FORM, ("등급: VIP", True)),
        ("", b"content=a", FORM, ("a", False)),
        ("?content=%EA%B0%80&visible=1", b"", "", ("가", True)),
        ("", '{"content": "등급: VIP", "visible": 1}'.encode(), "application/json", ("등급: VIP", True)),
        ("?visible=1", "등급: <b>VIP</b>".encode(), "text/plain; charset=utf-8", ("등급: <b>VIP</b>", True)),
        ("", b'{"grade": "VIP"}', "text/plain", ('{"grade": "VIP"}', False)),
        ("", b"content=" + b"a" * 10_000, FORM, ("a" * 10_000, False)),
    ],
)
def test_given_content_when_sent_in_any_of_its_forms_then_an_id_of_32_hex_digits_example_74(
    company, additions, query, body, content_type, stored
):
    answer = content(company("POST", f"{URL}{query}", body, content_type=content_type))
    assert re.fullmatch("[0-9a-f]{32}", answer)
    assert additions() == [stored]


@pytest.mark.parametrize(
    ("query", "body", "content_type"),
    [
        ("", b"visible=1", FORM),
        ("", b"content=+&visible=1", FORM),
        ("", b"content=a&visible=2", FORM),
        ("", b"content=a&visible=yes", FORM),
        ("", b"content=" + b"a" * 10_001, FORM),
        ("", b"content=%00", FORM),
        ("", b'{"content": {"a": 1}}', "application/json"),
        ("", b'{"content": "a", "visible": true}', "application/json"),
        ("", b"[]", "application/json"),
        ("", b"\xff\xfe", "text/plain"),
        ("", b"", ""),
    ],
)
def test_given_no_or_bad_content_when_sent_then_400_and_nothing_kept(company, additions, query, body, content_type):
    code, message, _ = read(company("POST", f"{URL}{query}", body, content_type=content_type))
    assert (code, message) == (400, "Bad Request")
    assert additions() == []


def test_given_no_signature_wrong_key_or_other_method_when_sent_then_refused(acme, shop, company, additions):
    body = b"content=a"
    assert read(company("POST", URL, body, content_type=FORM, Authorization=None))[0] == 400
    for stranger in (Caller(acme, acme.key), Caller(acme, make_service(acme, "market").key)):
        assert read(stranger("POST", URL, body, content_type=FORM))[0] == 400
    assert read(company("GET", f"{URL}?content=a"))[0] == 405
    assert additions() == []


def test_given_vector_oa_30_when_posted_then_the_id_example_74(acme):
    vector = ACCEPTED["OA-30"]
    service = make_service(acme, "APISimple", key=vector["key"])
    call = call_of(vector)
    signature = sign(vector["key"], build_message(acme.public_id, call))
    with time_machine.travel(int(vector["timestamp"]) / 1000, tick=False):
        response = Client(headers={"host": f"acme{settings.ORGANIZATION_SUFFIX}"}).post(
            vector["uri"],
            call.body,
            content_type=vector["contentType"],
            headers={"Authorization": signature, "X-TC-Timestamp": vector["timestamp"]},
        )
    assert re.fullmatch("[0-9a-f]{32}", content(response))
    with service_scope(acme.pk, service.pk):
        assert Addition.objects.get().content == "등급: VIP"
