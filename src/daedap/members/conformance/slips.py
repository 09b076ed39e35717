"""The usual slips of those who sign: each changes a right draft of the message into the wrong one that was signed."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import string
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from urllib.parse import quote, quote_plus

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.members.tokens import MemberClaims, is_blank

_WIRE_NAMES = {"return_url": "returnUrl"}
NAMES = tuple(_WIRE_NAMES.get(each.name, each.name) for each in fields(MemberClaims))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8")


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


@dataclass(frozen=True, repr=False)
class Draft:
    """How a token is made, step by step; `kept` names the values that go into the message."""

    key: bytes
    values: dict[str, str]
    kept: tuple[str, ...]
    joint: str = "&"
    before: str = ""
    after: str = ""
    is_named: bool = False
    encode: Callable[[str], bytes] = _utf8
    sign: Callable[[bytes, bytes], bytes] = _hmac

    @property
    def blank(self) -> list[str]:
        """The names of the values that have no content."""
        return [name for name, value in self.values.items() if is_blank(value)]

    def digest(self) -> bytes:
        """Return what the token decodes to; raise UnicodeEncodeError if the encoding lacks a character."""
        parts = [f"{name}={self.values[name]}" if self.is_named else self.values[name] for name in self.kept]
        return self.sign(self.key, self.encode(f"{self.before}{self.joint.join(parts)}{self.after}"))

    def with_values(self, changed: dict[str, str]) -> Draft:
        """Return the draft with other values, and with those kept that have content now."""
        kept = tuple(name for name in NAMES if name in self.kept or name in changed)
        return replace(self, values={**self.values, **changed}, kept=kept)


def right_draft(claims: MemberClaims, key: str) -> Draft:
    """Return how the token for these claims is made rightly."""
    values = {name: str(value) for name, value in zip(NAMES, astuple(claims), strict=True)}
    return Draft(_utf8(key), values, tuple(name for name in NAMES if not is_blank(values[name])))


@dataclass(frozen=True, repr=False)
class Slip:
    """One slip. Two of the same `kind` do not happen together; only `frequent` ones are tried in pairs."""

    kind: str
    sentence: str | Promise
    change: Callable[[Draft], Draft]
    shown: dict[str, str | Promise] = field(default_factory=dict)
    frequent: bool = True

    def tell(self) -> str:
        """Return what was done wrongly and what is right, naming parameters and never a value."""
        return str(self.sentence) % {name: str(each) for name, each in self.shown.items()}


def known_slips(draft: Draft) -> Iterator[Slip]:
    """Yield the slips that would change this draft, the likely ones first."""
    yield from _other_keys(draft)
    yield from _other_algorithms()
    yield from _other_values(draft)
    yield from _words_for_nothing(draft)
    yield from _other_joints()
    yield from _blanks_kept(draft)
    yield from _left_out(draft)


def other_order(names: Sequence[str], also: str) -> str:
    """Return the sentence about values that were signed in this order, and what else was wrong."""
    right = sorted(names, key=NAMES.index)
    sentence = _("The values were signed in the order %(names)s. The right one is %(right)s.")
    said = str(sentence) % {"names": " & ".join(names), "right": " & ".join(right)}
    return f"{said} {also}".strip()


def _setting(kind: str, sentence: Promise, **to: object) -> Slip:
    return Slip(kind, sentence, lambda draft: replace(draft, **to))  # type: ignore[arg-type]  # fields of Draft


def _other_keys(draft: Draft) -> Iterator[Slip]:
    text = draft.key.decode("utf-8")
    if set(text) <= set(string.hexdigits) and len(text) % 2 == 0:
        read = _("The Key was read as hexadecimal; sign with its text as it is shown.")
        yield _setting("key", read, key=bytes.fromhex(text))
    for end in (b"\n", b"\r\n", b" "):
        yield _setting("key", _("A line break or a space follows the Key; remove it."), key=draft.key + end)
    if text.upper() != text:
        upper = _("The Key was written in upper case; sign with its text as it is shown.")
        yield _setting("key", upper, key=_utf8(text.upper()))


_PLAIN_HASHES: tuple[Callable[[bytes, bytes], bytes], ...] = (
    lambda key, message: hashlib.sha256(message).digest(),
    lambda key, message: hashlib.sha256(key + message).digest(),
    lambda key, message: hashlib.sha256(message + key).digest(),
    lambda key, message: hashlib.sha256(key + b"&" + message).digest(),
    lambda key, message: hashlib.sha256(message + b"&" + key).digest(),
)


def _other_algorithms() -> Iterator[Slip]:
    for plain in _PLAIN_HASHES:
        yield _setting("algorithm", _("A plain SHA-256 was made; use HMAC-SHA-256 with the Key."), sign=plain)
    swapped = _("Key and message of the HMAC are swapped.")
    yield _setting("algorithm", swapped, sign=lambda key, message: _hmac(message, key))
    for encoding in ("cp949", "utf-16-le", "utf-16-be"):
        other = _("The message was signed in another encoding; use UTF-8.")
        yield _setting("encoding", other, encode=lambda text, encoding=encoding: text.encode(encoding))
    whole = _("The whole message was encoded before it was signed; sign it as it is.")
    yield _setting("encoding", whole, encode=lambda text: _utf8(quote(text, safe="")))


_CHANGES: tuple[tuple[Promise, Callable[[str], str]], ...] = (
    (_("trimmed"), str.strip),
    (_("percent-encoded"), lambda text: quote(text, safe="")),
    (_("form-encoded"), quote_plus),
    (_("with a space for +"), lambda text: text.replace("+", " ")),
    (_("with + for a space"), lambda text: text.replace(" ", "+")),
    (_("in lower case"), str.lower),
    (_("in upper case"), str.upper),
    (_("normalised to NFC"), lambda text: unicodedata.normalize("NFC", text)),
    (_("normalised to NFD"), lambda text: unicodedata.normalize("NFD", text)),
    (_("without its query"), lambda text: text.partition("?")[0]),
)


def _other_values(draft: Draft) -> Iterator[Slip]:
    """Some values were changed before they were signed: the most common of all."""
    for how, change in _CHANGES:
        changed = {name: change(draft.values[name]) for name in draft.kept if name != "time"}
        changed = {name: value for name, value in changed.items() if value not in ("", draft.values[name])}
        for names in _subsets(changed):
            one = _("%(name)s was signed %(how)s; sign it as it is sent.")
            several = _("%(name)s were signed %(how)s; sign them as they are sent.")
            yield Slip(
                f"value {names[0]}" if len(names) == 1 else "values",
                one if len(names) == 1 else several,
                _with({name: changed[name] for name in names}),
                {"name": ", ".join(names), "how": how},
                frequent=len(names) in (1, len(changed)),
            )
    seconds = _("time was signed in seconds; use milliseconds.")
    yield Slip("value time", seconds, _with({"time": draft.values["time"][:-3]}))


def _words_for_nothing(draft: Draft) -> Iterator[Slip]:
    sentence = _("%(name)s has no value, but a word for it was signed; leave it out.")
    for word in ("null", "None", "undefined"):
        for names in _subsets(draft.blank):
            shown: dict[str, str | Promise] = {"name": ", ".join(names)}
            yield Slip("blank", sentence, _with(dict.fromkeys(names, word)), shown, frequent=len(names) == 1)


def _other_joints() -> Iterator[Slip]:
    for joint in ("", "+", "|", ",", " ", "\n"):
        yield _setting("joint", _("The values were not joined by &."), joint=joint)
    named = _("The names of the parameters were signed too; sign only the values.")
    yield _setting("joint", named, is_named=True)
    around = _("There is an & before or after the message.")
    yield _setting("around", around, after="&")
    yield _setting("around", around, before="&")


def _blanks_kept(draft: Draft) -> Iterator[Slip]:
    for names in sorted(_subsets(draft.blank), key=len, reverse=True):
        all_spaces = all(draft.values[name] for name in names)
        yield Slip(
            "blank",
            _("%(name)s has only spaces but was signed; leave it out with its &.")
            if all_spaces
            else _("The & of an empty value was kept; leave it out with the value."),
            _with({name: draft.values[name] for name in names}),
            {"name": ", ".join(names)},
        )


def _left_out(draft: Draft) -> Iterator[Slip]:
    sentence = _("%(names)s was sent but not signed.")
    for names in _subsets(draft.kept):
        if len(draft.kept) - len(names) > 1:
            kind = f"value {names[0]}" if len(names) == 1 else "values"
            shown: dict[str, str | Promise] = {"names": ", ".join(names)}
            yield Slip(kind, sentence, _without(names), shown, frequent=len(names) == 1)


def _with(changed: dict[str, str]) -> Callable[[Draft], Draft]:
    return lambda draft: draft.with_values(changed)


def _without(names: Sequence[str]) -> Callable[[Draft], Draft]:
    return lambda draft: replace(draft, kept=tuple(name for name in draft.kept if name not in names))


def _subsets(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Every choice of at least one, small ones first."""
    names = tuple(names)
    return itertools.chain.from_iterable(itertools.combinations(names, size) for size in range(1, len(names) + 1))
