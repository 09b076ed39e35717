"""The message that signs a call, and its signature (spec 40, 3.3 to 3.6).

Pure functions: no database, no clock, no request. Messages are bytes, so that a body counts exactly as it came.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

WINDOW_MS = 300_000
"""How far a timestamp may lie from the server's clock, in both directions and inclusive (3.6)."""

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_DIGITS = re.compile(r"[0-9]+")
_LARGEST_TIME = 2**63 - 1

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True, repr=False)
class Call:
    """What of a request is signed, as it came over the wire.

    `file_md5` stands for the part named "file" of a multipart request (`md5_of`), None if there is none.
    """

    path: str  # percent-encoding kept, bytes as latin-1
    query: bytes
    content_type: str
    body: bytes
    file_md5: str | None
    timestamp: str

    @property
    def kind(self) -> str:
        """The media type without parameters, in lower case."""
        return media_type(self.content_type)


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def md5_of(chunks: Iterable[bytes]) -> str:
    """Return what stands for an uploaded file in the message (C2)."""
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def parse_pairs(raw: bytes) -> list[Pair]:
    """Return names and values of a query or form in wire order (C3.1, C3.2).

    A segment with a broken escape or that is not UTF-8 does not exist, for the signature and for endpoints alike.
    """
    pairs = []
    for segment in raw.split(b"&"):
        name, _, value = segment.partition(b"=")
        if not name or _BROKEN_ESCAPE.search(segment):
            continue
        try:
            pairs.append((_decode(name), _decode(value)))
        except UnicodeDecodeError:
            continue
    return pairs


def _decode(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")


def first_values(pairs: Iterable[Pair]) -> dict[str, str]:
    """Return the parameters by name; of a repeated name the first value counts (C3.3)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def build_message(organization_id: str, call: Call) -> bytes:
    """Return the message of the published rules C1 to C7."""
    if call.kind == MULTIPART:
        return _join(organization_id, call, (call.file_md5 or "").encode())
    pairs = parse_pairs(call.query)
    if call.kind == FORM:
        return _join(organization_id, call, _middle([*pairs, *parse_pairs(call.body)], b""))
    return _join(organization_id, call, _middle(pairs, call.body))


def list_messages(organization_id: str, call: Call) -> list[bytes]:
    """Return every reading the server accepts: two for a form body (C6), otherwise one."""
    messages = [build_message(organization_id, call)]
    if call.kind == FORM:
        messages.append(_join(organization_id, call, _middle(parse_pairs(call.query), call.body)))
    return messages


def _middle(pairs: list[Pair], body: bytes) -> bytes:
    values = first_values(pairs)
    names = sorted(values, key=lambda name: name.encode("utf-16-be"))  # code units, as Java sorts
    joined = "&".join(values[name] for name in names).encode()
    return joined + (b"&" if values and body else b"") + body


def _join(organization_id: str, call: Call, middle: bytes) -> bytes:
    return b"".join([organization_id.encode(), call.path.encode("latin-1"), middle, call.timestamp.encode()])


def sign(key: str, message: bytes) -> str:
    """Return the signature: Base64 of HMAC-SHA256, 44 characters. The key is text and is never hex-decoded (3.4)."""
    return base64.b64encode(hmac.digest(key.encode(), message, "sha256")).decode("ascii")


def find_key(authorization: str, keys: Sequence[str], messages: Sequence[bytes]) -> str | None:
    """Return the key that signed one of `messages`, or None. All are tried, each in constant time."""
    given = authorization.encode()
    found: str | None = None
    for key in keys:
        for message in messages:
            if hmac.compare_digest(sign(key, message).encode(), given) and found is None:
                found = key
    return found


def read_timestamp(text: str) -> int | None:
    """Return the milliseconds of a timestamp header, or None if it is not numeric (3.6)."""
    if not _DIGITS.fullmatch(text) or len(text) > 19:
        return None
    value = int(text)
    return value if value <= _LARGEST_TIME else None


def is_in_window(timestamp_ms: int, now_ms: int) -> bool:
    """Whether a call signed at `timestamp_ms` may be answered now."""
    return abs(now_ms - timestamp_ms) <= WINDOW_MS
