"""Who gets through the door of the Open API, and what everybody else is told (spec 40, 2 and 3; examples 1–20)."""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from daedap.core.actors import SYSTEM
from daedap.core.scoping import service_scope
from daedap.openapi import signatures
from daedap.openapi.models import ApiAccess, UsedSignature
from daedap.openapi.signing import build_message, sign
from daedap.organizations.keys import change_key
from daedap.services.keys import change_service_key
from daedap.services.models import Service, ServiceState
from tests.factories import make_service

from .calls import ADMIN, Caller, content, read
from .test_signing import ACCEPTED, VECTORS, call_of

URL = "/shop/openapi/v1/service.json"
LIST = f"{ADMIN}service/list.json"
NOW = 1658199661000


@pytest.fixture
def company(acme, shop):
    """Acme's system that calls with the key of `shop`."""
    return Caller(acme, shop.key)


@pytest.fixture
def headquarters(acme, owner):
    """Acme's system that calls with the organization Key."""
    return Caller(acme, acme.key)


def at(milliseconds):
    return time_machine.travel(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds), tick=False)


def refusal(response):
    code, message, result = read(response)
    assert result is None
    return code, message, response.headers.get("X-OC-Error-Detail")


def set_access(service, **facts):
    with service_scope(service.organization_id, service.pk):
        ApiAccess.objects.update_or_create(service=service, organization_id=service.organization_id, defaults=facts)


# --- the way in --------------------------------------------------------------------------------------------------


def test_given_signed_call_when_sent_then_200_and_the_service_example_1(company, shop):
    assert content(company("GET", URL)) == {
        "serviceId": "shop",
        "name": "쇼핑몰",
        "profile": None,
        "language": "ko",
        "languages": [{"code": "ko", "name": "한국어", "orderNo": 0}],
        "multiLanguage": False,
    }


def test_given_spelling_of_the_service_id_when_signed_as_sent_then_200(company):
    assert content(company("GET", "/SHOP/openapi/v1/service.json"))["serviceId"] == "shop"


@pytest.mark.parametrize("vector", ACCEPTED.values(), ids=ACCEPTED)
def test_given_vector_on_the_wire_when_sent_then_never_refused_for_its_signature_example_2(acme, vector):
    """The addresses of most vectors are not built yet, so the request goes to one that is, signed for that."""
    if vector["file"]:
        pytest.skip("multipart has tests of its own")
    service = make_service(acme, "APISimple" if "APISimple" in vector["uri"] else "hangame", key=vector["key"])
    call = call_of(vector)
    target = f"/{service.service_id}/openapi/v1/service.json"
    moved = type(call)(**{**call.__dict__, "path": target})
    with at(int(vector["timestamp"])):
        response = Client(headers={"host": f"acme{settings.ORGANIZATION_SUFFIX}"}).generic(
            "GET",
            target,
            call.body,
            content_type=call.content_type,
            QUERY_STRING=call.query.decode(),
            REQUEST_URI=target,
            headers={
                "Authorization": sign(vector["key"], build_message(acme.public_id, moved)),
                "X-TC-Timestamp": call.timestamp,
            },
        )
    assert read(response)[0] == 200


def test_given_path_with_escapes_when_sent_then_signed_as_sent_only(company):
    path = f"/shop/openapi/v1/{quote('홍')}.json"
    assert read(company("GET", path))[0] == 404  # an unknown address, asked before any signature


def test_given_upload_when_file_is_signed_then_past_the_door_and_without_file_400_example_8(acme, owner):
    add = f"{ADMIN}service/add.json"

    def send(name, kind="multipart/form-data; boundary=b"):
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="a.txt"\r\n'
        stamp = str(time.time_ns() // 1_000_000)
        message = f"{acme.public_id}{add}5d41402abc4b2a76b9719d911017c592{stamp}".encode()
        return Client(headers={"host": f"acme{settings.ORGANIZATION_SUFFIX}"}).generic(
            "POST",
            add,
            f"{head}Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n".encode(),
            content_type=kind,
            headers={"Authorization": sign(acme.key, message), "X-TC-Timestamp": stamp},
        )

    assert refusal(send("file")) == (400, "Bad Request", "Invalid parameter: serviceId")  # its signature was right
    missing = "Multipart request but file is null"
    assert refusal(send("other")) == (400, missing, missing)
    assert refusal(send("file", "multipart/form-data"))[:2] == (400, "Bad Request")


# --- the order of checks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_given_no_authorization_when_sent_then_400_examples_4_and_5(company, blank):
    assert refusal(company("GET", URL, Authorization=blank)) == (400,) + ("Authorization is blank",) * 2


@pytest.mark.parametrize("case", VECTORS["timestampWindow"], ids=lambda case: case["id"])
def test_given_timestamp_case_when_sent_then_as_listed_example_6(company, case):
    with at(case["serverNowMs"]):
        signed = company("GET", URL, timestamp=case["header"] or "", **{"X-TC-Timestamp": case["header"]})
    if case["expect"] == "accept":
        assert read(signed)[0] == 200
    else:
        assert refusal(signed) == (400, case["expect"], case["expect"])


def test_given_old_timestamp_and_wrong_signature_when_sent_then_expired_is_reported_example_7(company):
    with at(NOW):
        response = company("GET", URL, timestamp=NOW - 300_001, Authorization="x")
    assert refusal(response)[1] == "X-TC-Timestamp is expired"


@pytest.mark.parametrize("how", ["off", "keyless", "unknown", "paused", "create", "foreign"])
def test_given_no_open_service_when_called_then_403_examples_10_11_20(acme, beta, shop, company, how):
    url = URL
    if how == "off":
        set_access(shop, enabled=False)
    elif how == "keyless":
        Service._base_manager.update(key="")
    elif how == "unknown":
        url = "/nowhere/openapi/v1/service.json"
    elif how == "foreign":
        make_service(beta, "betaonly")
        url = "/betaonly/openapi/v1/service.json"
    else:
        Service._base_manager.update(state=ServiceState.PAUSED if how == "paused" else ServiceState.CREATE)
    for changed in ({}, {"Authorization": None}):
        assert refusal(company("GET", url, **changed)) == (403, "Access Denied", "securityKey is null")


def test_given_address_list_when_called_then_only_from_there_examples_12_13_14(acme, shop, company):
    set_access(shop, addresses=["203.0.113.0/24"])
    company.client.defaults["REMOTE_ADDR"] = "198.51.100.9"
    denied = (403, "Access Denied", "clientIp is not allowed")
    assert refusal(company("GET", URL)) == denied
    assert refusal(company("GET", URL, **{"OC-Client-IP": "203.0.113.77"})) == denied
    assert refusal(company("GET", URL, Authorization=None)) == denied
    assert content(company("GET", "/shop/api/v2/service.json"))["serviceId"] == "shop"
    company.client.defaults["REMOTE_ADDR"] = "203.0.113.77"
    assert read(company("GET", URL))[0] == 200


def test_given_service_key_replaced_when_called_then_only_the_new_one_works_example_15(acme, shop, company):
    with service_scope(acme.pk, shop.pk):
        new = change_service_key(service_pk=shop.pk, actor=SYSTEM)
    assert refusal(company("GET", URL))[1] == "Authorization is incorrect"
    assert read(Caller(acme, new)("GET", URL))[0] == 200


def test_given_organization_key_changed_at_once_when_called_then_old_fails_and_service_key_works_A67(
    acme, headquarters, company
):
    assert read(headquarters("GET", LIST))[0] == 200
    change_key(organization_id=acme.pk, actor=SYSTEM)
    acme.refresh_from_db()
    assert refusal(headquarters("GET", LIST))[:2] == (400, "Authorization is incorrect")
    assert read(Caller(acme, acme.key)("GET", LIST))[0] == 200
    assert read(company("GET", URL))[0] == 200


def test_given_overlap_when_called_then_both_keys_work_and_each_use_is_noted(acme, headquarters):
    change_key(organization_id=acme.pk, actor=SYSTEM, overlap_hours=1)
    assert read(headquarters("GET", LIST))[0] == 200
    acme.refresh_from_db()
    assert acme.old_key_used_at is not None
    assert acme.key_used_at is None
    assert read(Caller(acme, acme.key)("GET", LIST))[0] == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        assert refusal(headquarters("GET", LIST))[1] == "Authorization is incorrect"


# --- reuse -------------------------------------------------------------------------------------------------------


def test_given_accepted_signature_when_sent_with_anything_changed_then_incorrect_and_nothing_done_example_16(
    acme, shop, headquarters
):
    path = f"{ADMIN}service/shop.json"
    with at(NOW):
        assert read(headquarters("GET", path, timestamp=NOW))[0] == 200
        assert refusal(headquarters("DELETE", path, timestamp=NOW))[1] == "Authorization is incorrect"
        assert read(headquarters("GET", path, timestamp=NOW))[0] == 200  # example 17
        # values without names: page=2 signs like pageSize=2
        assert read(headquarters("GET", f"{LIST}?page=2", timestamp=NOW))[0] == 200
        assert refusal(headquarters("GET", f"{LIST}?pageSize=2", timestamp=NOW))[1] == "Authorization is incorrect"
        # nor in the name of somebody else
        assert refusal(headquarters("GET", path, timestamp=NOW, OUCODE="boss"))[1] == "Authorization is incorrect"
    assert Service._base_manager.get(pk=shop.pk).state == ServiceState.IN_USE


@pytest.mark.django_db(transaction=True)
def test_given_one_signature_for_two_requests_at_once_then_exactly_one_is_accepted(acme):
    start, results = threading.Barrier(2), []

    def run(request_hash):
        start.wait()
        try:
            from daedap.core.scoping import organization_scope

            with organization_scope(acme.pk):
                results.append(
                    signatures.accept(organization_id=acme.pk, signature="s", request_hash=request_hash * 64)
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(each,)) for each in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]


def test_given_old_signatures_when_tidied_then_only_the_expired_go_and_none_was_stored_plain(acme, company):
    company("GET", URL)
    assert signatures.tidy() == 0
    row = UsedSignature._base_manager.get()
    assert len(row.signature_hash) == len(row.request_hash) == 64
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=12)):
        assert signatures.tidy() == 1


# --- transport, methods, unknown addresses -----------------------------------------------------------------------


def test_given_http_when_the_installation_wants_https_then_400(company, settings):
    settings.SECURE = True
    assert refusal(company("GET", URL)) == (400, "Bad Request", "HTTPS is required")


def test_given_content_coding_or_huge_body_when_sent_then_400(company):
    assert refusal(company("GET", URL, **{"Content-Encoding": "gzip"}))[0] == 400
    assert refusal(company("GET", URL, b"x" * (12 * 1024 * 1024 + 1)))[:2] == (400, "Bad Request")


def test_given_body_between_1_and_12_mib_when_signed_then_it_is_read(company):
    assert read(company("GET", URL, {"pad": "x" * (2 * 1024 * 1024)}))[0] == 200


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"\xff\xfe", b'{"a":NaN}', b"[" * 100_000])
def test_given_body_that_is_no_object_when_read_then_400_after_the_signature_check(headquarters, body):
    path = f"{ADMIN}service/add.json"
    assert refusal(headquarters("POST", path, body, content_type="application/json"))[:2] == (400, "Bad Request")
    wrong = headquarters("POST", path, body, content_type="application/json", Authorization="x")
    assert refusal(wrong)[1] == "Authorization is incorrect"


def test_given_another_method_when_sent_then_405_with_allow_and_head_answers(company):
    response = company("POST", URL, {})
    assert refusal(response)[:2] == (405, "Method Not Allowed")
    assert response["Allow"] == "GET, HEAD"
    assert company("HEAD", URL).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/openapi/v1/admin/nothing.json",
        "/openapi/v2/admin/service/list.json",
        "/openapi/",
        "/shop/openapi/v1/ticket/add.json",
        "/shop/hc/openapi/v1/nothing.json",
        "/shop/api/v2/nothing.json",
        "/nowhere/openapi/v1/x.json",
        "/not-letters/openapi/v1/x.json",
        "/shop/openapi/v1/SERVICE.json",
    ],
)
def test_given_unknown_address_when_asked_then_404_in_the_envelope(company, path):
    for method in ("GET", "POST", "DELETE"):
        assert refusal(company(method, path))[:2] == (404, "Not Data Found")


def test_given_wrong_authorization_when_a_public_address_is_read_then_200_example_18(company):
    response = company("GET", "/shop/api/v2/service.json", Authorization="wrong")
    assert content(response)["serviceId"] == "shop"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in company("GET", URL)


def test_given_unknown_or_paused_service_when_read_in_public_then_404_example_23(company, shop):
    assert refusal(company("GET", "/nowhere/api/v2/service.json"))[:2] == (404, "Not Data Found")
    assert refusal(company("GET", f"/shop/api/v2/ticket/attachments/{'0' * 32}"))[:2] == (404, "Not Data Found")
    Service._base_manager.update(state=ServiceState.PAUSED)
    assert refusal(company("GET", "/shop/api/v2/service.json"))[:2] == (404, "Not Data Found")


def test_given_setting_always_200_when_refused_then_http_200_and_the_code_inside_example_19(company, settings):
    assert company("GET", URL, Authorization=None).status_code == 400
    settings.API_ALWAYS_200 = True
    response = company("GET", URL, Authorization=None)
    assert response.status_code == 200
    assert refusal(response)[0] == 400


def test_given_unexpected_failure_when_called_then_500_without_details(company, monkeypatch):
    def broken(*args):
        raise RuntimeError("secret")

    monkeypatch.setattr("daedap.openapi.service.describe_service", broken)
    response = company("GET", URL)
    assert refusal(response)[:2] == (500, "Server Error")
    assert b"secret" not in response.content


# --- guessing, logs ----------------------------------------------------------------------------------------------


def test_given_101_wrong_signatures_from_one_address_then_429_while_genuine_calls_still_pass(company, monkeypatch):
    monkeypatch.setattr("daedap.openapi.checks.FAILURES_ALLOWED", 3)
    for _ in range(3):
        assert refusal(company("GET", URL, Authorization="x"))[0] == 400
    assert refusal(company("GET", URL, Authorization="x"))[:2] == (429, "Too Many Requests")
    assert read(company("GET", URL))[0] == 200


def test_given_refused_call_when_logged_then_reason_and_address_but_no_key_signature_or_body(company, shop, caplog):
    caplog.set_level(logging.INFO)
    company("GET", URL, {"mail": "hong@example.com"}, Authorization="c2lnbmF0dXJl")
    (record,) = [record for record in caplog.records if record.getMessage() == "api.refused"]
    assert (record.reason, record.ip, record.service_pk) == ("Authorization is incorrect", "127.0.0.1", shop.pk)
    assert not any(word in str(record.__dict__) for word in (shop.key, "c2lnbmF0dXJl", "hong@example.com"))


# --- the sweep ---------------------------------------------------------------------------------------------------


def signed_addresses():
    """Every address of the Open API that wants a signature, as a path."""
    public = {"attachment", "public_service", None}
    for resolver in get_resolver(settings.ORGANIZATION_URLCONF).url_patterns:
        if isinstance(resolver, URLResolver) and resolver.app_name == "openapi":
            for pattern in resolver.url_patterns:
                if isinstance(pattern, URLPattern) and pattern.name not in public:
                    path = str(pattern.pattern).replace("<service:service_id>", "shop")
                    yield "/" + path.replace("<int:billing_id>", "1")


@pytest.mark.parametrize("path", list(signed_addresses()))
def test_given_each_address_when_unsigned_wrongly_signed_or_late_then_the_documented_code(acme, shop, owner, path):
    by_organization = path.startswith(ADMIN)
    caller = Caller(acme, acme.key if by_organization else shop.key)
    method = caller("OPTIONS", path)["Allow"].split(",")[0]
    stranger = Caller(acme, shop.key if by_organization else acme.key)
    before = Service._base_manager.values().get()
    assert refusal(caller(method, path, Authorization=None))[1] == "Authorization is blank"
    assert refusal(caller(method, path, **{"X-TC-Timestamp": None}))[1] == "X-TC-Timestamp is not numeric"
    assert refusal(caller(method, path, timestamp=1))[1] == "X-TC-Timestamp is expired"
    assert refusal(stranger(method, path))[1] == "Authorization is incorrect"
    assert refusal(caller("PATCH", path))[0] == 405
    if not by_organization:
        Service._base_manager.update(state=ServiceState.PAUSED)
        assert refusal(caller(method, path))[0] == 403
        Service._base_manager.update(state=ServiceState.IN_USE)
    assert Service._base_manager.values().get() == before
    assert json.loads(caller(method, path).content)["header"]["resultCode"] in {200, 400, 404, 9005}
