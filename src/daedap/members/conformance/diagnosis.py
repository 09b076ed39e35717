"""Why a signature does not fit: the usual slips, tried one after the other with the company's own Key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import string
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import astuple, fields, replace
from urllib.parse import quote, quote_plus

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from daedap.members.tokens import MemberClaims, build_message, is_blank

_WIRE_NAMES = {"return_url": "returnUrl"}
_TEXTS = tuple(field.name for field in fields(MemberClaims) if field.name != "time")

_CHANGES: tuple[tuple[Promise, Callable[[str], str]], ...] = (
    (gettext_lazy("trimmed"), str.strip),
    (gettext_lazy("percent-encoded"), lambda text: quote(text, safe="")),
    (gettext_lazy("form-encoded"), quote_plus),
    (gettext_lazy("with a space for +"), lambda text: text.replace("+", " ")),
    (gettext_lazy("with + for a space"), lambda text: text.replace(" ", "+")),
    (gettext_lazy("in lower case"), str.lower),
    (gettext_lazy("in upper case"), str.upper),
    (gettext_lazy("normalised to NFC"), lambda text: unicodedata.normalize("NFC", text)),
    (gettext_lazy("normalised to NFD"), lambda text: unicodedata.normalize("NFD", text)),
    (gettext_lazy("without its query"), lambda text: text.partition("?")[0]),
)


def explain(claims: MemberClaims, token: bytes, key: str) -> str:
    """Return in a sentence how the token was made wrongly, or "" if it is none of the known ways.

    Names parameters only; neither the Key nor the right token is ever part of the sentence.
    """
    for guess, digest in _guesses(claims, key):
        if hmac.compare_digest(digest, token):
            return guess
    return _other_order(claims, token, key)


def explain_text(claims: MemberClaims, token: str, key: str) -> str:
    """Do the same for a token that is not even in the right format."""
    with_padding = token + "=" * (-len(token) % 4)
    readings: list[tuple[str, Callable[[], bytes]]] = [
        (_("The token is right but in hexadecimal; it must be Base64."), lambda: bytes.fromhex(token)),
        (
            _("The token is right but in URL-safe Base64; it must use + and /."),
            lambda: base64.urlsafe_b64decode(with_padding),
        ),
    ]
    for sentence, read in readings:
        try:
            digest = read()
        except ValueError:
            continue
        if hmac.compare_digest(digest, _hmac(key, build_message(claims))):
            return sentence
    return ""


def _hmac(key: str | bytes, message: str | bytes) -> bytes:
    as_bytes = [text.encode("utf-8") if isinstance(text, str) else text for text in (key, message)]
    return hmac.digest(as_bytes[0], as_bytes[1], "sha256")


def _guesses(claims: MemberClaims, key: str) -> Iterator[tuple[str, bytes]]:
    yield from _other_keys(claims, key)
    yield from _other_algorithms(claims, key)
    yield from _other_values(claims, key)
    yield from _other_joints(claims, key)
    yield from _left_out(claims, key)


def _other_keys(claims: MemberClaims, key: str) -> Iterator[tuple[str, bytes]]:
    message = build_message(claims)
    if set(key) <= set(string.hexdigits) and len(key) % 2 == 0:
        as_hexadecimal = bytes.fromhex(key)
        yield _("The Key was read as hexadecimal; sign with its text as it is shown."), _hmac(as_hexadecimal, message)
    for end in ("\n", "\r\n", " "):
        yield _("A line break or a space follows the Key; remove it."), _hmac(key + end, message)
    yield _("The Key was written in upper case; sign with its text as it is shown."), _hmac(key.upper(), message)


def _other_algorithms(claims: MemberClaims, key: str) -> Iterator[tuple[str, bytes]]:
    message = build_message(claims)
    for text in (message, key + message, message + key, f"{key}&{message}", f"{message}&{key}"):
        yield _("A plain SHA-256 was made; use HMAC-SHA-256 with the Key."), hashlib.sha256(text.encode()).digest()
    yield _("Key and message of the HMAC are swapped."), _hmac(message, key)
    for encoding in ("cp949", "utf-16-le", "utf-16-be"):
        try:
            yield _("The message was signed in another encoding; use UTF-8."), _hmac(key, message.encode(encoding))
        except UnicodeEncodeError:
            continue
    yield (
        _("The whole message was encoded before it was signed; sign it as it is."),
        _hmac(key, quote(message, safe="")),
    )


def _other_values(claims: MemberClaims, key: str) -> Iterator[tuple[str, bytes]]:
    """One value differs: the most common of all."""
    for name in _TEXTS:
        value = getattr(claims, name)
        shown = {"name": _WIRE_NAMES.get(name, name)}
        if is_blank(value):
            for text in ("null", "None", "undefined"):
                changed = replace(claims, **{name: text})
                yield (
                    _("%(name)s has no value, but a word for it was signed; leave it out.") % shown,
                    _hmac(key, build_message(changed)),
                )
            continue
        for how, change in _CHANGES:
            if change(value) not in ("", value):
                changed = replace(claims, **{name: change(value)})
                sentence = _("%(name)s was signed %(how)s; sign it as it is sent.") % {**shown, "how": how}
                yield sentence, _hmac(key, build_message(changed))
    yield (
        _("time was signed in seconds; use milliseconds."),
        _hmac(key, build_message(replace(claims, time=claims.time[:-3]))),
    )
    for change in (lambda text: quote(text, safe=""), quote_plus):
        encoded = replace(claims, **{name: change(getattr(claims, name)) for name in _TEXTS})
        yield (
            _("The values were encoded before they were signed; sign them as they are."),
            _hmac(key, build_message(encoded)),
        )


def _other_joints(claims: MemberClaims, key: str) -> Iterator[tuple[str, bytes]]:
    values = [str(value) for value in astuple(claims)]
    kept = [value for value in values if not is_blank(value)]
    named = [
        f"{_WIRE_NAMES.get(field.name, field.name)}={value}"
        for field, value in zip(fields(MemberClaims), values, strict=True)
        if not is_blank(value)
    ]
    for joint in ("", "+", "|", ",", " ", "\n"):
        yield _("The values were not joined by &."), _hmac(key, joint.join(kept))
    yield _("The names of the parameters were signed too; sign only the values."), _hmac(key, "&".join(named))
    yield _("There is an & before or after the message."), _hmac(key, "&".join(kept) + "&")
    yield _("There is an & before or after the message."), _hmac(key, "&" + "&".join(kept))
    for texts in (values, values[:5] + values[6:], values[:6] + values[7:], values[:5] + values[7:]):
        yield _("The & of an empty value was kept; leave it out with the value."), _hmac(key, "&".join(texts))


def _present(claims: MemberClaims) -> list[str]:
    return [field.name for field in fields(MemberClaims) if not is_blank(getattr(claims, field.name))]


def _left_out(claims: MemberClaims, key: str) -> Iterator[tuple[str, bytes]]:
    present = _present(claims)
    for size in range(len(present) - 1, 1, -1):
        for chosen in itertools.combinations(present, size):
            left_out = ", ".join(_WIRE_NAMES.get(name, name) for name in present if name not in chosen)
            message = "&".join(getattr(claims, name) for name in chosen)
            yield _("%(names)s was sent but not signed.") % {"names": left_out}, _hmac(key, message)


def _other_order(claims: MemberClaims, token: bytes, key: str) -> str:
    """Try every order, 40,320 at most; so nothing is made for one that does not fit."""
    values = {name: getattr(claims, name).encode() for name in _present(claims)}
    as_bytes = key.encode()
    for order in itertools.permutations(values):
        message = b"&".join([values[name] for name in order])
        if hmac.compare_digest(hmac.digest(as_bytes, message, "sha256"), token):
            names = " & ".join(_WIRE_NAMES.get(name, name) for name in order)
            return _("The values were signed in the order %(names)s.") % {"names": names}
    return ""
