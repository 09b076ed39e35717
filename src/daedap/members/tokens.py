"""Member tokens, in links (GET) and forms (POST): reading, signing, checking (spec 20, sections 4 to 6 and 8).

Pure functions: no database, no clock, no network. Claims and tokens are personal data and secrets, so the
classes here have no `repr` that could carry them into a log.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import NoReturn
from urllib.parse import unquote_to_bytes

IDENTITY_PARAMETERS = frozenset(
    {"service", "usercode", "username", "email", "phone", "memberno", "time", "token", "returnUrl"}
)
"""The query parameters of spec 20 §5.2; none of them may occur twice."""

STATE_PARAMETER = "hcstate"
"""Carries the one-time value that binds a trip to the login page to the browser (members/remote/binding.py)."""

REMOVED_PARAMETERS = IDENTITY_PARAMETERS | {"accessToken", STATE_PARAMETER}
"""What a clean address no longer holds (spec 20 §6.8)."""

FUTURE_TOLERANCE_MS = 60_000
DEFAULT_LIFETIME_MS = 300_000
REMOTE_LIFETIME_MS = 180_000
VERIFICATION_BODY_LIMIT = 64 * 1024

GET_REQUIRED = ("usercode", "email", "time", "token")
POST_REQUIRED = ("usercode", "time", "token")
_MAX_SERVICE_LENGTH = 50
_MAX_LENGTH = {"usercode": 50, "username": 50, "email": 100, "phone": 20, "memberno": 50}
_SIGNED_TEXTS = ("usercode", "username", "email", "phone", "memberno", "returnUrl")

# Java's Character.isWhitespace. str.isspace() also counts U+0085, U+00A0, U+2007 and U+202F, which Java keeps.
_BLANK = frozenset(
    map(
        chr,
        (
            *range(0x0009, 0x000E),
            *range(0x001C, 0x0021),
            0x1680,
            *range(0x2000, 0x2007),
            *range(0x2008, 0x200B),
            0x2028,
            0x2029,
            0x205F,
            0x3000,
        ),
    )
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TIME = re.compile(r"[0-9]{1,19}")
_TOKEN = re.compile(r"[A-Za-z0-9+/]{43}=?")
_NOT_URL_BYTE = re.compile(rb"[^\x21-\x7e]")


class Reason(StrEnum):
    """Why a visitor stayed a guest: for logs, events and the test tool, never for the visitor (spec 20 §6.9)."""

    BAD_ENCODING = "bad_encoding"
    DUP_PARAM = "dup_param"
    MISSING_PARAM = "missing_param"
    BAD_LENGTH = "bad_length"
    BAD_CHAR = "bad_char"
    BAD_TIME = "bad_time"
    BAD_TOKEN_FORMAT = "bad_token_format"  # noqa: S105 - a reason, not a secret
    NOT_CONFIGURED = "not_configured"
    EXPIRED = "expired"
    FUTURE = "future"
    HMAC_MISMATCH = "hmac_mismatch"
    REPLAYED = "replayed"
    VERIFY_REDIRECT = "verify_redirect"
    VERIFY_HTTP_STATUS = "verify_http_status"
    VERIFY_TIMEOUT = "verify_timeout"
    VERIFY_NETWORK = "verify_network"
    VERIFY_TLS = "verify_tls"
    VERIFY_BAD_JSON = "verify_bad_json"
    VERIFY_LOGIN_FALSE = "verify_login_false"
    VERIFY_USERCODE_MISSING = "verify_usercode_missing"
    VERIFY_USERCODE_MISMATCH = "verify_usercode_mismatch"
    VERIFY_BUSY = "verify_busy"
    VERIFY_BLOCKED_ADDRESS = "verify_blocked_address"
    ACCESS_TOKEN_INVALID = "access_token_invalid"  # noqa: S105 - a reason, not a secret
    BINDING_MISSING = "binding_missing"
    BINDING_MISMATCH = "binding_mismatch"
    STATUS_LOGGED_OUT = "status_logged_out"
    STATUS_OTHER_USER = "status_other_user"


class TokenRefused(Exception):
    """The visitor stays a guest, for `reason`; `parameter` names the one that is to blame, if it is one."""

    def __init__(self, reason: Reason, parameter: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.parameter = parameter


@dataclass(frozen=True, kw_only=True, repr=False)
class MemberClaims:
    """What the integrator signed, in signing order; values verbatim, `time` as the digits received."""

    service: str
    usercode: str
    username: str = ""
    email: str = ""
    phone: str = ""
    memberno: str = ""
    return_url: str = ""
    time: str


@dataclass(frozen=True, kw_only=True, repr=False)
class EntryRequest:
    """A well-formed entry that nobody has vouched for yet.

    `plus_claims` is the second reading of spec 20 §6.3 step 5, with a literal "+" kept; None if it cannot differ.
    """

    claims: MemberClaims
    plus_claims: MemberClaims | None
    token: bytes

    @property
    def correlation(self) -> str:
        """Eight digits by which logs may name this token (spec 20 §12)."""
        return token_id(self.token)[:8]


@dataclass(frozen=True, kw_only=True, repr=False)
class VerifiedClaims:
    """Claims whose HMAC is right and whose time is acceptable; the verification call is still to come.

    `key_index` says which of the keys matched, `plus_kept` whether the second reading was the signed one.
    """

    claims: MemberClaims
    token: bytes
    key_index: int
    plus_kept: bool

    @property
    def token_text(self) -> str:
        """The token in canonical form, as the verification URL gets it (spec 20 §6.4)."""
        return base64.b64encode(self.token).decode("ascii")

    @property
    def correlation(self) -> str:
        """Eight digits by which logs may name this token (spec 20 §12)."""
        return token_id(self.token)[:8]


# --- signing -------------------------------------------------------------------------------------------------


def is_blank(value: str | None) -> bool:
    """Say whether a value is left out of the message: absent, empty or only Java whitespace (spec 20 §4.3)."""
    return value is None or all(character in _BLANK for character in value)


def build_message(claims: MemberClaims) -> str:
    """Join the claims with "&" in the published order; blank optional values vanish with their "&" (spec 20 §4.2)."""
    service, usercode, *optional, time = astuple(claims)
    return "&".join([service, usercode, *(value for value in optional if not is_blank(value)), time])


def digest(claims: MemberClaims, key: str) -> bytes:
    """Return the 32 bytes that a token for these claims must decode to."""
    return hmac.digest(key.encode("utf-8"), build_message(claims).encode("utf-8"), "sha256")


def sign(claims: MemberClaims, key: str) -> str:
    """Return the token for the claims: canonical Base64, 44 characters. The key is text and is never hex-decoded."""
    return base64.b64encode(digest(claims, key)).decode("ascii")


def parse_token(text: str) -> bytes:
    """Decode a received token to its 32 bytes, or raise `bad_token_format`.

    Two slips are forgiven: a space stands for "+", and the final "=" may be missing (spec 20 §4.6).
    """
    text = text.replace(" ", "+")
    if _TOKEN.fullmatch(text) is None:
        raise TokenRefused(Reason.BAD_TOKEN_FORMAT, "token")
    canonical = text if text.endswith("=") else f"{text}="
    token = base64.b64decode(canonical, validate=True)
    if base64.b64encode(token).decode("ascii") != canonical:  # stray bits in the last digit
        raise TokenRefused(Reason.BAD_TOKEN_FORMAT, "token")
    return token


def token_id(token: bytes) -> str:
    """Name a token without revealing it: SHA-256 of its bytes, in hexadecimal."""
    return hashlib.sha256(token).hexdigest()


def matches(claims: MemberClaims, token: bytes, keys: Sequence[str]) -> int | None:
    """Return the index of the key that signed these claims, or None. Every key is tried, each in constant time."""
    found: int | None = None
    for index, key in enumerate(keys):
        if hmac.compare_digest(digest(claims, key), token) and found is None:
            found = index
    return found


# --- reading the query ---------------------------------------------------------------------------------------


def _segments(raw_query: bytes) -> Iterable[tuple[bytes, bytes]]:
    for segment in raw_query.split(b"&"):
        if segment:
            name, _, value = segment.partition(b"=")
            yield name, value


def _decode(raw: bytes, *, keep_plus: bool = False) -> str:
    """Decode one name or value of a form; raise UnicodeDecodeError if it is not UTF-8."""
    return unquote_to_bytes(raw if keep_plus else raw.replace(b"+", b" ")).decode("utf-8")


def _is_named(raw_name: bytes, names: frozenset[str]) -> bool:
    try:
        return _decode(raw_name) in names
    except UnicodeDecodeError:
        return False


def values_named(name: str, raw_query: bytes) -> list[str]:
    """Return every value of one parameter, decoded; bytes that are not UTF-8 are replaced."""
    wanted = frozenset({name})
    values = [value for raw_name, value in _segments(raw_query) if _is_named(raw_name, wanted)]
    return [unquote_to_bytes(value.replace(b"+", b" ")).decode("utf-8", "replace") for value in values]


def clean_query(raw_query: bytes) -> str:
    """Return the query without identity parameters; the others stay in order and byte for byte (spec 20 §6.8).

    Names are compared decoded, so an escaped name does not slip through. The result is safe in a header: bytes
    that no address may hold, which only a broken client sends, are percent-encoded.
    """
    kept = [part for part in raw_query.split(b"&") if not _is_named(part.partition(b"=")[0], REMOVED_PARAMETERS)]
    ascii_only = _NOT_URL_BYTE.sub(lambda match: b"%%%02X" % match[0][0], b"&".join(kept))
    return ascii_only.decode("ascii")


def read_service(raw_form: bytes) -> str:
    """Return the service ID a form names; raise TokenRefused if it names none, or is no form (spec 20 §8.3)."""
    service = _decode(_read_parameters(raw_form).get("service", b""))
    if is_blank(service):
        raise TokenRefused(Reason.MISSING_PARAM, "service")
    if len(service) > _MAX_SERVICE_LENGTH:
        raise TokenRefused(Reason.BAD_LENGTH, "service")
    return service


def read_entry(
    raw_query: bytes, service: str, *, required: Sequence[str] = GET_REQUIRED, takes_return_url: bool = True
) -> EntryRequest:
    """Read an entry from a query or form as it came over the wire (spec 20 §6.3 steps 1 and 2), or raise TokenRefused.

    `service` is the service ID as registered; what the query says of it is ignored here. Without `takes_return_url`
    a returnUrl is no parameter and was not signed (§8.3, server side).
    """
    raw = _read_parameters(raw_query)
    raw.pop("service", None)
    if not takes_return_url:
        raw.pop("returnUrl", None)
    values = {name: _decode(value) for name, value in raw.items()}
    _check_structure(values, required)
    token = parse_token(values["token"])
    plus_claims = None
    if any(b"+" in raw.get(name, b"") for name in _SIGNED_TEXTS):
        kept = {name: _decode(value, keep_plus=True) for name, value in raw.items()}
        plus_claims = _claims(kept, service)
    return EntryRequest(claims=_claims(values, service), plus_claims=plus_claims, token=token)


def _read_parameters(raw_query: bytes) -> dict[str, bytes]:
    """Return the identity parameters, values still encoded. The whole query must be UTF-8, not only these."""
    found: dict[str, bytes] = {}
    repeated = ""
    try:
        for raw_name, raw_value in _segments(raw_query):
            name = _decode(raw_name)
            _decode(raw_value)
            if name in IDENTITY_PARAMETERS:
                repeated = name if name in found else repeated
                found[name] = raw_value
    except UnicodeDecodeError:
        raise TokenRefused(Reason.BAD_ENCODING) from None
    if repeated:
        raise TokenRefused(Reason.DUP_PARAM, repeated)
    return found


def _check_structure(values: dict[str, str], required: Sequence[str]) -> None:
    for name in required:
        if is_blank(values.get(name)):
            raise TokenRefused(Reason.MISSING_PARAM, name)
    for name, limit in _MAX_LENGTH.items():
        if len(values.get(name, "")) > limit:
            raise TokenRefused(Reason.BAD_LENGTH, name)
    if "&" in values["usercode"]:  # it could borrow from the next value and sign the same (spec 20 §4.7)
        raise TokenRefused(Reason.BAD_CHAR, "usercode")
    for name, value in values.items():
        if _CONTROL.search(value) and not is_blank(value):
            raise TokenRefused(Reason.BAD_CHAR, name)
    if _TIME.fullmatch(values["time"]) is None:
        raise TokenRefused(Reason.BAD_TIME, "time")


def _claims(values: dict[str, str], service: str) -> MemberClaims:
    return MemberClaims(
        service=service,
        usercode=values["usercode"],
        username=values.get("username", ""),
        email=values.get("email", ""),
        phone=values.get("phone", ""),
        memberno=values.get("memberno", ""),
        return_url=values.get("returnUrl", ""),
        time=values["time"],
    )


# --- checking ------------------------------------------------------------------------------------------------


def check_time(time: str, now_ms: int, lifetime_ms: int | None) -> None:
    """Raise `expired` or `future` unless `time` is acceptable now; both limits are inclusive, None means no limit."""
    if lifetime_ms is None:
        return
    age = now_ms - int(time)
    if age > lifetime_ms:
        raise TokenRefused(Reason.EXPIRED)
    if age < -FUTURE_TOLERANCE_MS:
        raise TokenRefused(Reason.FUTURE)


def check(entry: EntryRequest, keys: Sequence[str], now_ms: int, lifetime_ms: int | None) -> VerifiedClaims:
    """Return the reading of the entry that was signed with one of the keys (spec 20 §6.3 steps 3 to 5).

    Raise TokenRefused with `not_configured` without keys, `expired`, `future` or `hmac_mismatch`.
    """
    if not keys:
        raise TokenRefused(Reason.NOT_CONFIGURED)
    check_time(entry.claims.time, now_ms, lifetime_ms)
    for claims, plus_kept in ((entry.claims, False), (entry.plus_claims, True)):
        if claims is None:
            continue
        key_index = matches(claims, entry.token, keys)
        if key_index is not None:
            return VerifiedClaims(claims=claims, token=entry.token, key_index=key_index, plus_kept=plus_kept)
    raise TokenRefused(Reason.HMAC_MISMATCH)


# --- the verification URL's answer -----------------------------------------------------------------------------


def read_verification(status: int, body: bytes, usercode: str) -> None:
    """Return if the answer says that `usercode` is logged in; raise TokenRefused otherwise (spec 20 §6.5)."""
    if 300 <= status <= 399:
        raise TokenRefused(Reason.VERIFY_REDIRECT)
    if status != 200:
        raise TokenRefused(Reason.VERIFY_HTTP_STATUS)
    answer = _read_object(body)
    if not _means_true(answer.get("login")):
        raise TokenRefused(Reason.VERIFY_LOGIN_FALSE)
    answered = answer.get("usercode")
    if answered is None or answered == "":
        raise TokenRefused(Reason.VERIFY_USERCODE_MISSING)
    if isinstance(answered, int) and not isinstance(answered, bool):
        answered = str(answered)
    if not isinstance(answered, str) or answered != usercode:
        raise TokenRefused(Reason.VERIFY_USERCODE_MISMATCH)


def read_fields(status: int, body: bytes) -> dict[str, object] | None:
    """Return `login` and `usercode` as they were answered, None where they are not there; None if it is no object."""
    if status != 200:
        return None
    try:
        answer = _read_object(body)
    except TokenRefused:
        return None
    return {name: answer.get(name) for name in ("login", "usercode")}


def _means_true(login: object) -> bool:
    return login is True or (isinstance(login, str) and login.strip(" ").lower() == "true")


def _read_object(body: bytes) -> dict[str, object]:
    if len(body) > VERIFICATION_BODY_LIMIT:
        raise TokenRefused(Reason.VERIFY_BAD_JSON)
    try:
        answer: object = json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=_object_without_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):  # not UTF-8, not JSON, duplicate keys, or nested without end
        raise TokenRefused(Reason.VERIFY_BAD_JSON) from None
    if not isinstance(answer, dict):
        raise TokenRefused(Reason.VERIFY_BAD_JSON)
    return answer


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
