"""Member tokens against the published vectors and the acceptance examples of spec 20 §14 that need no server."""

import base64
import hashlib
import hmac as hmac_module
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote_to_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daedap.members.tokens import (
    DEFAULT_LIFETIME_MS,
    IDENTITY_PARAMETERS,
    REMOVED_PARAMETERS,
    VERIFICATION_BODY_LIMIT,
    MemberClaims,
    Reason,
    TokenRefused,
    VerifiedClaims,
    build_message,
    check,
    clean_query,
    is_blank,
    matches,
    parse_token,
    read_entry,
    read_verification,
    sign,
    values_named,
)

# What a slow machine takes says nothing about tokens.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

VECTORS = json.loads(
    (Path(__file__).parents[4] / "conformance" / "member-token-vectors.json").read_text(encoding="utf-8")
)
BY_NAME = {vector["name"]: vector for vector in VECTORS}
KEY = "7cf2828608274a49a3f06152b2188927"
OTHER_KEY = "00112233445566778899aabbccddeeff"
FIELDS = {
    "usercode": "usercode",
    "username": "username",
    "email": "email",
    "phone": "phone",
    "memberno": "memberno",
    "return_url": "returnUrl",
}


def claims_of(vector: dict) -> MemberClaims:
    inputs = vector["inputs"]
    values = {field: inputs[name] or "" for field, name in FIELDS.items()}
    return MemberClaims(service=inputs["service"], time=str(inputs["time"]), **values)


def make_claims(**over: str) -> MemberClaims:
    values = {"service": "hangame", "usercode": "u1", "email": "u1@example.com", "time": "1760000000000", **over}
    return MemberClaims(**values)


def pairs_of(claims: MemberClaims) -> list[tuple[str, str]]:
    pairs = [(name, getattr(claims, field)) for field, name in FIELDS.items() if getattr(claims, field)]
    return [*pairs, ("time", claims.time)]


def query(claims: MemberClaims, token: str | None = None, *extra: tuple[str, str]) -> bytes:
    """The query an integrator would send: everything as encodeURIComponent does it, spaces as %20."""
    pairs = [*pairs_of(claims), ("token", sign(claims, KEY) if token is None else token), *extra]
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs).encode()


def enter(raw: bytes, *, after_ms: int = 1000, keys: tuple[str, ...] = (KEY,), now_ms: int | None = None, **over):
    entry = read_entry(raw, over.pop("service", "hangame"))
    now = int(entry.claims.time) + after_ms if now_ms is None else now_ms
    return check(entry, keys, now, over.pop("lifetime_ms", DEFAULT_LIFETIME_MS))


def refusal(raw: bytes, **over) -> Reason:
    with pytest.raises(TokenRefused) as caught:
        enter(raw, **over)
    return caught.value.reason


def answer(body: object, *, status: int = 200, usercode: str = "u1") -> Reason | None:
    """What the verification answer is read as: None for verified."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        read_verification(status, raw, usercode)
    except TokenRefused as refused:
        return refused.reason
    return None


# --- token ---------------------------------------------------------------------------------------------------


def test_given_published_sample_when_signed_then_published_token_example_1():
    claims = MemberClaims(
        service="hangame",
        usercode="testusercode",
        username="testUsername",
        email="test@email.com",
        phone="123456789",
        time="1660095873001",
    )
    assert sign(claims, KEY) == "Ah9M58CQ9RFTShjFuqziQr+0MjmJxN6+bzWxMD71moo="


def test_given_the_vector_file_when_counted_then_none_is_lost():
    assert len(VECTORS) == len(BY_NAME) == 22


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_given_vector_when_computed_then_message_token_and_encoding_equal_example_2(vector):
    claims = claims_of(vector)
    assert build_message(claims) == vector["message"]
    assert sign(claims, vector["key"]) == vector["token"]
    assert quote(sign(claims, vector["key"]), safe="") == vector["urlencoded_token"]
    assert base64.b64encode(parse_token(vector["token"])).decode() == vector["token"]
    assert matches(claims, parse_token(vector["token"]), [vector["key"]]) == 0


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["inputs"]["email"]], ids=lambda vector: vector["name"])
def test_given_vector_as_address_when_entered_then_verified_with_its_values_example_2(vector):
    claims = claims_of(vector)
    verified = enter(query(claims, vector["token"]), keys=(vector["key"],), service=claims.service)
    assert verified.claims == claims
    assert verified.token_text == vector["token"]
    assert (verified.key_index, verified.plus_kept) == (0, False)


def test_given_blank_optional_values_when_built_then_skipped_example_3():
    claims = make_claims(username="   ", phone="\t\n", memberno="\u3000\u2003")
    assert build_message(claims) == "hangame&u1&u1@example.com&1760000000000"


def test_given_no_break_space_or_outer_spaces_when_built_then_kept_example_3():
    assert build_message(make_claims(username="\u00a0")) == "hangame&u1&\u00a0&u1@example.com&1760000000000"
    assert build_message(make_claims(username=" Park  Min ")) == "hangame&u1& Park  Min &u1@example.com&1760000000000"


def test_given_every_code_point_when_asked_for_blank_then_exactly_the_java_set():
    java = {*range(0x9, 0xE), *range(0x1C, 0x20), 0x20, 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B)}
    java |= {0x2028, 0x2029, 0x205F, 0x3000}
    assert {code for code in range(0x110000) if is_blank(chr(code))} == java
    assert is_blank(None)
    assert is_blank("")
    assert not is_blank(" x ")


def test_given_korean_name_of_50_characters_when_entered_then_verified_example_4():
    vector = BY_NAME["korean-username-50-characters"]
    assert enter(query(claims_of(vector))).claims.username == vector["inputs"]["username"]


def test_given_korean_name_of_51_characters_when_entered_then_bad_length_example_4():
    claims = claims_of(BY_NAME["korean-username-50-characters"])
    assert refusal(query(replace(claims, username=claims.username + "가"))) is Reason.BAD_LENGTH


@pytest.mark.parametrize(
    ("field", "limit"), [("usercode", 50), ("username", 50), ("email", 100), ("phone", 20), ("memberno", 50)]
)
def test_given_value_at_and_over_its_limit_when_entered_then_code_points_decide(field, limit):
    exact = make_claims(**{field: "😀" * limit})
    assert getattr(enter(query(exact)).claims, field) == "😀" * limit
    assert refusal(query(make_claims(**{field: "😀" * (limit + 1)}))) is Reason.BAD_LENGTH
    assert refusal(query(make_claims(**{field: " " * limit + "ab"}))) is Reason.BAD_LENGTH


# --- GET flow, the pure steps ----------------------------------------------------------------------------------


def test_given_one_changed_character_when_entered_then_hmac_mismatch_example_9():
    claims = claims_of(BY_NAME["korean-username"])
    token = sign(claims, KEY)
    assert enter(query(claims, token)).claims == claims
    assert refusal(query(replace(claims, email="hong@example.con"), token)) is Reason.HMAC_MISMATCH


@pytest.mark.parametrize("field", ["usercode", "username", "email", "phone", "memberno", "return_url", "service"])
def test_given_any_value_changed_after_signing_when_entered_then_hmac_mismatch_example_9(field):
    claims = claims_of(BY_NAME["memberno-and-returnurl-all-eight-parts"])
    changed = replace(claims, **{field: getattr(claims, field) + "x"})
    assert refusal(query(changed, sign(claims, KEY)), service=changed.service) is Reason.HMAC_MISMATCH


def test_given_parameters_in_another_order_when_entered_then_verified_example_10():
    claims = claims_of(BY_NAME["korean-username"])
    parts = query(claims).split(b"&")
    assert enter(b"&".join(reversed(parts))).claims == claims


@pytest.mark.parametrize(
    "written",
    [
        "Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0AVY=",
        "Iu%2bfrN39GkflL%2fMykhahd8OH4cRDy%2b6heIGnvUI0AVY%3d",
        "Iu%2BfrN39GkflL%2FMykhahd8OH4cRDy%2B6heIGnvUI0AVY",
        "Iu%20frN39GkflL/Mykhahd8OH4cRDy%206heIGnvUI0AVY",
    ],
    ids=["plus-unencoded", "lower-case-escapes", "final-equals-missing", "plus-became-space"],
)
def test_given_token_written_leniently_when_entered_then_verified_example_10(written):
    vector = BY_NAME["base64-with-plus-and-slash"]
    raw = query(claims_of(vector), "").removesuffix(b"token=") + b"token=" + written.encode()
    assert enter(raw).token_text == vector["token"]


@pytest.mark.parametrize(
    "token",
    [
        parse_token("Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0AVY=").hex(),
        "Iu-frN39GkflL_Mykhahd8OH4cRDy-6heIGnvUI0AVY=",
        "Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0AVY==",
        "Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0AV",
        "Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0AVZ=",
        "Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0AVZ",
        "Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0AVY= ",
        "Iu+frN39GkflL/Mykhahd8OH4cRDy+6heIGnvUI0A\u0410Y=",
    ],
    ids=["hex", "url-safe", "two-equals", "short", "stray-bits", "stray-bits-bare", "trailing-space", "cyrillic"],
)
def test_given_token_in_another_form_when_entered_then_bad_token_format_example_11(token):
    claims = claims_of(BY_NAME["base64-with-plus-and-slash"])
    assert refusal(query(claims, token)) is Reason.BAD_TOKEN_FORMAT


def test_given_raw_plus_in_phone_and_email_when_entered_then_plus_is_kept_example_12():
    vector = BY_NAME["international-phone-and-plus-address"]
    raw = query(claims_of(vector))
    assert raw.count(b"%2B") == 3
    unencoded = raw.replace(b"user%2Btag", b"user+tag").replace(b"phone=%2B82", b"phone=+82")
    assert unencoded.count(b"%2B") == 1
    verified = enter(unencoded)
    assert verified.plus_kept is True
    assert verified.claims == claims_of(vector)
    assert (verified.claims.phone, verified.claims.email) == ("+82 10-1234-5678", "user+tag@example.com")


def test_given_plus_that_means_space_when_entered_then_first_reading_wins_example_12():
    claims = claims_of(BY_NAME["inner-and-outer-spaces-kept"])
    verified = enter(query(claims).replace(b"%20", b"+"))
    assert (verified.claims.username, verified.plus_kept) == (" Park  Min ", False)


def test_given_plus_outside_the_signed_values_when_read_then_no_second_reading():
    raw = query(make_claims()) + b"&from=a+b"
    assert read_entry(raw, "hangame").plus_claims is None


@pytest.mark.parametrize("name", sorted(IDENTITY_PARAMETERS))
def test_given_identity_parameter_twice_when_entered_then_dup_param_example_13(name):
    claims = claims_of(BY_NAME["memberno-and-returnurl-all-eight-parts"])
    raw = query(claims, None, ("service", "shop"))
    assert enter(raw, service="shop").claims == claims
    value = dict(part.split(b"=") for part in raw.split(b"&"))[name.encode()]
    assert refusal(raw + b"&" + name.encode() + b"=" + value, service="shop") is Reason.DUP_PARAM
    escaped = b"".join(b"%%%02x" % byte for byte in name.encode())
    assert refusal(raw + b"&" + escaped + b"=", service="shop") is Reason.DUP_PARAM


def test_given_no_email_correctly_signed_when_entered_then_missing_param_example_14():
    assert refusal(query(claims_of(BY_NAME["required-only-email-absent"]))) is Reason.MISSING_PARAM


@pytest.mark.parametrize("name", ["usercode", "email", "time", "token"])
@pytest.mark.parametrize("value", [None, b"", b"%20%09", b"+", b"%E3%80%80"])
def test_given_required_parameter_missing_or_blank_when_entered_then_missing_param(name, value):
    parts = [part for part in query(make_claims()).split(b"&") if not part.startswith(name.encode() + b"=")]
    assert len(parts) == 3
    raw = b"&".join(parts if value is None else [*parts, name.encode() + b"=" + value])
    assert refusal(raw, now_ms=0) is Reason.MISSING_PARAM


def test_given_usercode_with_ampersand_correctly_signed_when_entered_then_bad_char_example_15():
    assert refusal(query(make_claims(usercode="a&b"))) is Reason.BAD_CHAR
    assert enter(query(make_claims(username="a&b"))).claims.username == "a&b"


@pytest.mark.parametrize("field", ["usercode", "username", "email", "phone", "memberno", "return_url"])
@pytest.mark.parametrize("character", ["\x00", "\n", "\x1f", "\x7f"])
def test_given_control_character_in_value_when_entered_then_bad_char(field, character):
    assert refusal(query(make_claims(**{field: f"a{character}b"}))) is Reason.BAD_CHAR


@pytest.mark.parametrize("after_ms", [300_000, 0])
def test_given_token_at_its_lifetime_when_checked_then_verified_example_16(after_ms):
    assert enter(query(make_claims()), after_ms=after_ms).key_index == 0


def test_given_token_past_its_lifetime_when_checked_then_expired_example_16():
    assert refusal(query(make_claims()), after_ms=300_001) is Reason.EXPIRED


def test_given_token_one_minute_ahead_when_checked_then_verified_example_17():
    assert enter(query(make_claims()), after_ms=-60_000).key_index == 0


def test_given_token_further_ahead_when_checked_then_future_example_17():
    assert refusal(query(make_claims()), after_ms=-60_001) is Reason.FUTURE


def test_given_no_limit_when_old_sample_is_entered_then_verified_example_18():
    claims = claims_of(BY_NAME["seed-sample"])
    now = 1_900_000_000_000
    assert enter(query(claims), now_ms=now, lifetime_ms=None).claims == claims
    assert refusal(query(claims), now_ms=now) is Reason.EXPIRED


def test_given_time_in_seconds_when_entered_then_expired_example_19():
    assert refusal(query(make_claims(time="1760000000")), now_ms=1_760_000_001_000) is Reason.EXPIRED


@pytest.mark.parametrize("time", ["-1", "1.5", "1e3", "12345678901234567890", "１２３", " 123", "0x10", "abc"])
def test_given_time_that_is_not_digits_when_entered_then_bad_time(time):
    assert refusal(query(make_claims(time=time)), now_ms=0) is Reason.BAD_TIME


def test_given_time_with_leading_zeros_when_entered_then_signed_as_received():
    assert enter(query(make_claims(time="0001760000000000"))).claims.time == "0001760000000000"


@pytest.mark.parametrize(
    "raw", [b"usercode=%FF", b"from=%C3%28", b"%FF=1", b"username=\xff", b"username=%ED%A0%80", b"x=%C0%80"]
)
def test_given_query_that_is_not_utf8_when_read_then_bad_encoding(raw):
    good = query(make_claims())
    assert enter(good).claims == make_claims()
    assert refusal(good + b"&" + raw) is Reason.BAD_ENCODING


def test_given_names_in_other_case_when_read_then_they_are_other_parameters():
    raw = query(make_claims()) + b"&Usercode=x&TOKEN=y"
    assert enter(raw).claims == make_claims()
    assert refusal(raw.replace(b"email=", b"Email=")) is Reason.MISSING_PARAM


def test_given_service_in_the_query_when_entered_then_the_path_decides_example_36():
    raw = query(make_claims(), None, ("service", "shop"))
    assert enter(raw).claims.service == "hangame"
    assert refusal(raw, service="shop") is Reason.HMAC_MISMATCH


def test_given_two_keys_when_entered_then_the_matching_index_is_told():
    raw = query(make_claims())
    assert enter(raw, keys=(OTHER_KEY, KEY)).key_index == 1
    assert enter(raw, keys=(KEY, KEY)).key_index == 0
    assert refusal(raw, keys=(OTHER_KEY,)) is Reason.HMAC_MISMATCH


def test_given_no_key_when_entered_then_not_configured():
    assert refusal(query(make_claims()), keys=()) is Reason.NOT_CONFIGURED


def test_given_claims_and_entries_when_shown_then_no_personal_data_or_token():
    entry = read_entry(query(make_claims(username="Hong")), "hangame")
    verified = enter(query(make_claims(username="Hong")))
    assert isinstance(verified, VerifiedClaims)
    for thing in (entry, entry.claims, verified):
        assert "Hong" not in repr(thing)
        assert "example" not in repr(thing)
        assert verified.token_text not in repr(thing)
    assert entry.correlation == verified.correlation == hashlib.sha256(entry.token).hexdigest()[:8]


# --- verification answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [True, "true", "TRUE", " True "])
def test_given_login_true_in_any_form_when_read_then_verified_example_20(login):
    assert answer({"login": login, "usercode": "u1"}) is None


@pytest.mark.parametrize("login", ["1", "Y", 1, False, "false", None, "yes", "", 1.0, ["true"], {}, "\u00a0true"])
def test_given_login_anything_else_when_read_then_login_false_example_20(login):
    assert answer({"login": login, "usercode": "u1"}) is Reason.VERIFY_LOGIN_FALSE


def test_given_logged_out_answer_when_read_then_login_false_example_21():
    assert answer(b'{"login":"false","usercode":null}') is Reason.VERIFY_LOGIN_FALSE
    assert answer({}) is Reason.VERIFY_LOGIN_FALSE


@pytest.mark.parametrize("usercode", ["u2", "U1", " u1", "u1 ", 1.0, True, ["u1"], {"u1": 1}, 0])
def test_given_another_usercode_when_read_then_mismatch_example_22(usercode):
    assert answer({"login": "true", "usercode": usercode}) is Reason.VERIFY_USERCODE_MISMATCH


def test_given_integer_usercode_when_its_text_is_equal_then_verified_example_22():
    assert answer({"login": "true", "usercode": 1001}, usercode="1001") is None
    assert answer({"login": "true", "usercode": 1001}, usercode="01001") is Reason.VERIFY_USERCODE_MISMATCH
    assert answer(b'{"login":true,"usercode":1001.0}', usercode="1001") is Reason.VERIFY_USERCODE_MISMATCH
    assert answer({"login": True, "usercode": True}, usercode="True") is Reason.VERIFY_USERCODE_MISMATCH


def test_given_composed_and_decomposed_usercode_when_read_then_mismatch_example_22():
    composed, decomposed = "한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"
    assert answer({"login": True, "usercode": decomposed}, usercode=composed) is Reason.VERIFY_USERCODE_MISMATCH


@pytest.mark.parametrize("body", [{"login": True}, {"login": True, "usercode": None}, {"login": True, "usercode": ""}])
def test_given_no_usercode_when_read_then_usercode_missing(body):
    assert answer(body) is Reason.VERIFY_USERCODE_MISSING


@pytest.mark.parametrize("status", [500, 204, 201, 401, 404, 100])
def test_given_other_status_when_read_then_http_status_example_23(status):
    assert answer({"login": True, "usercode": "u1"}, status=status) is Reason.VERIFY_HTTP_STATUS


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 399])
def test_given_redirect_when_read_then_redirect_example_23(status):
    assert answer({"login": True, "usercode": "u1"}, status=status) is Reason.VERIFY_REDIRECT


GOOD = b'{"login":"true","usercode":"u1"}'


@pytest.mark.parametrize(
    "body",
    [
        b"<html>login</html>",
        b"",
        b'["login","true"]',
        b'"true"',
        b"null",
        b'{"login":"true","login":"true","usercode":"u1"}',
        b'{"login":"true","usercode":"u1","usercode":"u1"}',
        b'{"login":"true","usercode":"u1","x":{"a":1,"a":2}}',
        b'{"login":"true","usercode":"u1","x":NaN}',
        b'{"login":"true","usercode":"u\xff"}',
        '{"login":"true","usercode":"u1"}'.encode("utf-16"),
        b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD,
        GOOD + b"x",
        b'{"x":' + b"[" * 60_000 + b"]" * 4_000 + b"}",
        b'{"x":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: body[:24],
)
def test_given_body_that_is_not_one_clean_object_when_read_then_bad_json_example_25(body):
    assert answer(body) is Reason.VERIFY_BAD_JSON


def test_given_body_around_the_limit_when_read_then_64_kib_is_inclusive_example_25():
    padded = GOOD.ljust(VERIFICATION_BODY_LIMIT)
    assert answer(padded) is None
    assert answer(padded + b" ") is Reason.VERIFY_BAD_JSON
    assert answer(GOOD.ljust(65 * 1024)) is Reason.VERIFY_BAD_JSON


def test_given_byte_order_mark_or_unknown_keys_when_read_then_verified():
    assert answer(b"\xef\xbb\xbf" + GOOD) is None
    assert answer({"login": True, "usercode": "u1", "name": "x", "more": {"a": [1]}}) is None


# --- clean address -------------------------------------------------------------------------------------------------


def test_given_other_parameters_when_cleaned_then_exactly_those_remain_example_33():
    raw = b"from=app&" + query(make_claims()) + b"&language=ja&accessToken=1&service=s&returnUrl=/&additionId=x"
    assert clean_query(raw) == "from=app&language=ja&additionId=x"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"", ""),
        (b"token=x", ""),
        (b"token", ""),
        (b"tok%65n=x&a=%7e&&b", "a=%7e&&b"),
        (b"Token=x&a=1+2%20", "Token=x&a=1+2%20"),
        (b"a=\xea\xb0\x80\r\n", "a=%EA%B0%80%0D%0A"),
        (b"%ff=1&token=2", "%ff=1"),
    ],
)
def test_given_query_when_cleaned_then_order_and_spelling_stay(raw, clean):
    assert clean_query(raw) == clean


def test_given_query_when_asked_for_a_token_then_only_the_exact_name_counts():
    assert values_named("token", b"a=1&token=") == [""]
    assert values_named("token", b"%74oken=x") == ["x"]
    assert values_named("token", b"Token=x&usercode=token&accessToken=y") == []
    assert values_named("token", b"") == []


# --- properties ----------------------------------------------------------------------------------------------------

printable = st.characters(exclude_categories=["Cs", "Cc"])
anything = st.characters(exclude_categories=["Cs"])
spaces = st.sampled_from("\t\n \u3000\u00a0\u2007\u202f\u0085\u2003")
value = st.text(anything | spaces, max_size=12)


def second_message(service, usercode, username, email, phone, memberno, return_url, time):
    """The reference's StringBuilder, step by step, with Java's definition of whitespace spelled out."""
    import unicodedata

    def is_java_whitespace(character):
        if character in "\t\n\u000b\f\r\u001c\u001d\u001e\u001f":
            return True
        return unicodedata.category(character) in ("Zs", "Zl", "Zp") and character not in "\u00a0\u2007\u202f"

    built = service + "&"
    built += usercode + "&"
    for text in (username, email, phone, memberno, return_url):
        if any(not is_java_whitespace(character) for character in text):
            built += text
            built += "&"
    return built + time


@given(st.tuples(value, value, value, value, value, value, value, st.integers(0, 10**19 - 1).map(str)))
def test_given_any_values_when_built_then_equal_to_a_second_implementation(values):
    names = ("service", "usercode", "username", "email", "phone", "memberno", "return_url", "time")
    claims = MemberClaims(**dict(zip(names, values, strict=True)))
    message = second_message(*values)
    assert build_message(claims) == message
    mac = hmac_module.new(KEY.encode("utf-8"), message.encode("utf-8"), hashlib.sha256).digest()
    assert sign(claims, KEY) == base64.b64encode(mac).decode()
    assert parse_token(sign(claims, KEY)) == mac


required = st.text(printable, min_size=1, max_size=15).filter(lambda text: not is_blank(text))
optional = st.text(printable, max_size=15)


@st.composite
def signed_claims(draw):
    return MemberClaims(
        service="hangame",
        usercode=draw(required.filter(lambda text: "&" not in text)),
        username=draw(optional),
        email=draw(required),
        phone=draw(optional),
        memberno=draw(optional),
        return_url=draw(optional),
        time=str(draw(st.integers(0, 10**13))),
    )


escape_all = st.just(lambda text: "".join(f"%{byte:02x}" for byte in text.encode()))
encoders = st.sampled_from([lambda text: quote(text, safe=""), quote_plus, lambda text: quote(text, safe="/:?@!,;'")])


@given(signed_claims(), st.lists(encoders | escape_all, min_size=8, max_size=8), st.randoms())
@example(make_claims(username="a b+c", email="a+b@c", phone="+82 1"), [quote_plus] * 8, None)
def test_given_any_claims_however_encoded_when_entered_then_they_come_back(claims, encode, random):
    pairs = [*pairs_of(claims), ("token", sign(claims, KEY))]
    parts = [f"{name}={encode[index](text)}" for index, (name, text) in enumerate(pairs)]
    if random is not None:
        random.shuffle(parts)
    verified = enter("&".join(parts).encode())
    assert verified.claims == claims
    assert verified.token_text == sign(claims, KEY)


wire = st.lists(
    st.tuples(
        st.sampled_from([*sorted(REMOVED_PARAMETERS), "from", "language", "Token", "tokens", ""]).flatmap(
            lambda name: st.sampled_from([name, quote(name), "".join(f"%{ord(char):02X}" for char in name)])
        ),
        st.binary(max_size=8).map(lambda raw: quote(raw, safe="")) | st.text("ab=+%&;", max_size=6),
    ),
    max_size=8,
)


@settings(max_examples=300)
@given(wire, st.binary(max_size=6))
def test_given_any_query_when_cleaned_then_no_identity_parameter_is_left_and_others_stay(pairs, noise):
    raw = "&".join(f"{name}={text}" for name, text in pairs).encode() + noise
    clean = clean_query(raw)
    assert clean.isascii()
    assert not any(character <= " " or character == "\x7f" for character in clean)
    parts = clean.split("&")
    for part in parts:
        name = unquote_to_bytes(part.partition("=")[0].replace("+", " "))
        assert name.decode("utf-8", "replace") not in REMOVED_PARAMETERS
    assert clean_query(clean.encode()) == clean
    others = [
        part
        for part in raw.split(b"&")
        if unquote_to_bytes(part.partition(b"=")[0].replace(b"+", b" ")).decode("utf-8", "replace")
        not in REMOVED_PARAMETERS
    ]
    assert [unquote_to_bytes(part) for part in parts] == [unquote_to_bytes(part) for part in others or [b""]]


@given(st.binary(max_size=80))
def test_given_any_bytes_when_read_then_refused_and_never_an_accident(raw):
    with pytest.raises(TokenRefused):
        read_entry(raw, "hangame")


@given(st.binary(max_size=80), st.integers(100, 599))
def test_given_any_answer_when_read_then_refused_and_never_an_accident(body, status):
    assert answer(body, status=status) is not None
