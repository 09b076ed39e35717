"""The message and its signature, against the published vectors and a second implementation (spec 40, 3.3–3.6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedap.openapi.signing import (
    Call,
    build_message,
    find_key,
    is_in_window,
    list_messages,
    md5_of,
    parse_pairs,
    read_timestamp,
    sign,
)

VECTORS = json.loads((Path(__file__).parent / "data" / "open-api-auth-vectors.json").read_text("utf-8"))
ACCEPTED = {vector["id"]: vector for vector in VECTORS["openApi"]}


def file_of(vector):
    file = vector["file"]
    if file is None:
        return None
    return base64.b64decode(file["contentBase64"])


def call_of(vector):
    file = file_of(vector)
    return Call(
        path=vector["uri"],
        query=vector["rawQuery"].encode(),
        content_type=vector["contentType"],
        body=vector["body"].encode() if vector["file"] is None else b"",
        file_md5=None if file is None else md5_of([file]),
        timestamp=vector["timestamp"],
    )


@pytest.mark.parametrize("vector", ACCEPTED.values(), ids=ACCEPTED)
def test_given_vector_when_rebuilt_then_message_and_signature_are_equal_example_2(vector):
    message = build_message(vector["orgId"], call_of(vector))
    assert message.decode() == vector["message"]
    assert sign(vector["key"], message) == vector["authorization"]
    assert find_key(vector["authorization"], ["x", vector["key"]], [message]) == vector["key"]


@pytest.mark.parametrize("vector", VECTORS["negative"], ids=lambda vector: vector["id"])
def test_given_negative_vector_when_checked_then_refused_example_3(vector):
    base = ACCEPTED[vector["basedOn"]]
    assert find_key(vector["authorization"], [base["key"]], list_messages(base["orgId"], call_of(base))) is None


@pytest.mark.parametrize("case", VECTORS["timestampWindow"], ids=lambda case: case["id"])
def test_given_timestamp_case_when_read_then_as_listed_example_6(case):
    value = read_timestamp(case["header"] or "")
    if value is None:
        outcome = "X-TC-Timestamp is not numeric"
    else:
        outcome = "accept" if is_in_window(value, case["serverNowMs"]) else "X-TC-Timestamp is expired"
    assert outcome == case["expect"]


def test_given_form_body_when_signed_as_raw_text_then_accepted_too():
    vector = ACCEPTED["OA-31"]
    raw = f"{vector['orgId']}{vector['uri']}0&{vector['body']}{vector['timestamp']}".encode()
    call = call_of(vector)
    assert find_key(sign("k", raw), ["k"], list_messages(vector["orgId"], call)) == "k"
    assert build_message(vector["orgId"], call) != raw


@pytest.mark.parametrize("text", ["٣", "1e3", " 1", "0x1", "9223372036854775808"])
def test_given_odd_digits_when_read_then_not_numeric(text):
    assert read_timestamp(text) is None


def by_the_prose(org, path, pairs, body, stamp):
    """C3 to C7 once more, from decoded pairs instead of wire bytes."""
    first = {}
    for name, value in pairs:
        if name not in first:
            first[name] = value
    values = [first[name] for name in sorted(first, key=lambda name: name.encode("utf-16-be"))]
    if body and values:
        values.append(body)
        body = ""
    return org + path + "&".join(values) + body + stamp


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    pairs=st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6),
    body=TEXT,
    stamp=st.integers(0, 2**63 - 1).map(str),
)
def test_given_any_parameters_when_built_then_equal_to_a_second_implementation(pairs, body, stamp):
    query = urlencode(pairs).encode()
    call = Call(
        path="/a/openapi/v1/x.json", query=query, content_type="text/plain", body=body.encode(), file_md5=None,
        timestamp=stamp,
    )  # fmt: skip
    expected = by_the_prose("ORG", call.path, pairs, body, stamp)
    assert build_message("ORG", call).decode() == expected
    assert sign("키", expected.encode()) == base64.b64encode(
        hmac.new("키".encode(), expected.encode(), hashlib.sha256).digest()
    ).decode("ascii")


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6))
def test_given_any_pairs_when_encoded_then_read_back(pairs):
    raw = "&&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()
    assert parse_pairs(raw) == pairs == parse_qsl(raw.decode(), keep_blank_values=True)


@given(st.binary(max_size=60))
def test_given_any_bytes_when_read_then_never_an_error(raw):
    for name, value in parse_pairs(raw):
        assert name
        assert isinstance(value, str)
