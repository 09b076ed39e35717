"""Why a signature does not fit: the usual slips, tried with the company's own Key, one at a time and then by twos."""

from __future__ import annotations

import base64
import hmac
import itertools
from collections.abc import Callable, Iterator
from functools import partial

from django.utils.translation import gettext as _

from daedap.members.conformance.slips import NAMES, Draft, Slip, known_slips, other_order, right_draft
from daedap.members.tokens import MemberClaims

TOGETHER = 15_000
"""Pairs of slips that are tried at most: a tenth of a second."""


def explain(claims: MemberClaims, token: bytes, key: str) -> str:
    """Return in a sentence or two how the token was made wrongly, or "" if it is none of the known ways.

    Names parameters only; neither the Key nor the right token is ever part of the sentence.
    """
    draft = right_draft(claims, key)
    slips = list(known_slips(draft))
    together = itertools.islice(_two_slips(draft, [slip for slip in slips if slip.frequent]), TOGETHER)
    for tell, digest in itertools.chain(_one_slip(draft, slips), _orders(draft), together):
        if hmac.compare_digest(digest, token):
            return tell()
    return ""


def explain_text(claims: MemberClaims, token: str, key: str) -> str:
    """Do the same for a token that is not even in the right format."""
    with_padding = token + "=" * (-len(token) % 4)
    readings: list[tuple[str, str, Callable[[], bytes]]] = [
        (
            _("The token is right but in hexadecimal; it must be Base64."),
            _("The token is in hexadecimal; it must be Base64."),
            lambda: bytes.fromhex(token),
        ),
        (
            _("The token is right but in URL-safe Base64; it must use + and /."),
            _("The token is in URL-safe Base64; it must use + and /."),
            lambda: base64.urlsafe_b64decode(with_padding),
        ),
        (
            _("The token is right but Base64 of its hexadecimal text; encode the bytes of the HMAC themselves."),
            _("The token is Base64 of hexadecimal text; encode the bytes of the HMAC themselves."),
            lambda: bytes.fromhex(base64.b64decode(token, validate=True).decode("ascii")),
        ),
    ]
    for right, besides, read in readings:
        try:
            digest = read()
        except ValueError:
            continue
        if hmac.compare_digest(digest, right_draft(claims, key).digest()):
            return right
        if why := explain(claims, digest, key):
            return f"{besides} {why}"
    return ""


Guess = tuple[Callable[[], str], bytes]


def _one_slip(draft: Draft, slips: list[Slip]) -> Iterator[Guess]:
    for slip in slips:
        try:
            yield slip.tell, slip.change(draft).digest()
        except UnicodeEncodeError:
            continue


def _orders(draft: Draft) -> Iterator[Guess]:
    """Every order of up to seven values, the likely ones of all eight."""
    every = itertools.permutations(draft.kept) if len(draft.kept) < len(NAMES) else _likely_orders(draft.kept)
    return _in_orders(draft, every, also="")


def _two_slips(draft: Draft, slips: list[Slip]) -> Iterator[Guess]:
    yield from _one_slip_and_another(draft, slips)
    for slip in sorted(slips, key=lambda slip: slip.kind != "blank"):  # it changes how many values there are
        changed = slip.change(draft)
        try:
            yield from _in_orders(changed, _likely_orders(changed.kept), also=slip.tell())
        except UnicodeEncodeError:
            continue


def _one_slip_and_another(draft: Draft, slips: list[Slip]) -> Iterator[Guess]:
    for first, second in itertools.combinations(slips, 2):
        if first.kind == second.kind:
            continue
        try:
            digest = second.change(first.change(draft)).digest()
        except UnicodeEncodeError:
            continue
        yield partial(_both, first, second), digest


def _both(first: Slip, second: Slip) -> str:
    return f"{first.tell()} {second.tell()}"


def _in_orders(draft: Draft, orders: Iterator[tuple[str, ...]], also: str) -> Iterator[Guess]:
    values = {name: f"{name}={draft.values[name]}" if draft.is_named else draft.values[name] for name in draft.kept}
    for names in orders:
        message = f"{draft.before}{draft.joint.join([values[name] for name in names])}{draft.after}"
        yield partial(other_order, names, also), draft.sign(draft.key, draft.encode(message))


def _likely_orders(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The optional values in any order; time or service somewhere else; by the alphabet."""
    yield tuple(sorted(names))
    for moved in ("time", "service"):
        rest = [name for name in names if name != moved]
        if moved in names:
            yield from ((*rest[:place], moved, *rest[place:]) for place in range(len(names)))
    for middle in itertools.permutations(names[1:-1]):
        yield (names[0], *middle, names[-1])
