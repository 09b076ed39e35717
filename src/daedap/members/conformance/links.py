"""A signed link as a member would open it (GET type): is it well-formed, fresh and signed with the Key?"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from daedap.members.conformance.diagnosis import explain, explain_text
from daedap.members.conformance.findings import Finding, advice, passed, refused, skipped
from daedap.members.reasons import FIXES
from daedap.members.tokens import (
    EntryRequest,
    MemberClaims,
    Reason,
    TokenRefused,
    check,
    check_time,
    read_entry,
    values_named,
)

UNEXPLAINED = gettext_lazy(
    "None of the usual slips fits, so most likely another Key or service ID was used, or a value was changed after "
    "signing. Compare the Key with the organization Key: the key of a service does not sign members."
)
"""What to look at if a signature fits neither as it is nor with a slip that is known."""

_UNITS: dict[int, Promise] = {
    10: gettext_lazy("time looks like seconds. Send milliseconds."),
    16: gettext_lazy("time looks like microseconds. Send milliseconds."),
}


@dataclass(frozen=True, repr=False)
class PastedLink:
    """A link taken apart. `service` is "" if its path is not one of the help centre."""

    scheme: str
    service: str
    raw_query: bytes

    @property
    def usercode(self) -> str:
        """What the link says, right or wrong."""
        return next(iter(values_named("usercode", self.raw_query)), "")

    @property
    def token(self) -> str:
        """What the link says, right or wrong."""
        return next(iter(values_named("token", self.raw_query)), "")


def read_link(link: str) -> PastedLink:
    """Take a pasted address apart; one without an address before the "?" is a query."""
    if "?" not in link:
        link = f"?{link}"
    parts = urlsplit(link.strip())
    segments = parts.path.split("/")
    service = segments[segments.index("hc") - 1] if "hc" in segments[2:] else ""
    return PastedLink(parts.scheme, service, parts.query.encode("utf-8"))


def check_link(link: PastedLink, *, service: str, keys: list[str], lifetime_ms: int | None) -> list[Finding]:
    """Do what `members.entry` does before it asks the verification URL, and explain what does not fit."""
    findings = []
    if link.scheme and link.scheme != "https":
        findings.append(
            advice("link.https", _("The link is not https."), _("Outside of development only https works."))
        )
    if not service:
        skip = _("The link's path does not name the service, as /{service}/hc/ does.")
        return [*findings, skipped("link.path", skip, _("Paste the whole link, or give --service."))]
    try:
        entry = read_entry(link.raw_query, service)
    except TokenRefused as no:
        return [*findings, malformed("link.form", no, raw=link.raw_query, service=service, keys=keys)]
    findings.append(passed("link.form", _("The parameters are complete and well-formed.")))
    findings.append(freshness("link.time", entry, lifetime_ms))
    findings += check_signature(entry, keys, "link.signature")
    return findings


def check_signature(entry: EntryRequest, keys: list[str], rule: str) -> list[Finding]:
    """Return whether one of the keys signed the entry; without a key, that it could not be looked at."""
    if not keys:
        return [skipped(rule, _("The signature was not looked at."), _("Give the organization Key with --key-file."))]
    try:
        verified = check(entry, keys, now_ms=0, lifetime_ms=None)
    except TokenRefused as no:
        why = next(filter(None, (explain(entry.claims, entry.token, key) for key in keys)), "")
        return [refused(rule, no.reason, fix=why or UNEXPLAINED)]
    found = [passed(rule, _("The token is signed with the organization Key."))]
    if verified.plus_kept:
        slip = _('A "+" was not percent-encoded. It is understood, but a "+" means a space there.')
        found.append(advice(f"{rule}.plus", slip, _('Encode "+" as %2B.')))
    return found


def freshness(rule: str, entry: EntryRequest, lifetime_ms: int | None) -> Finding:
    """Return whether the time is within the lifetime, and by how many seconds it differs from ours."""
    now_ms = time.time_ns() // 1_000_000
    given = entry.claims.time
    difference = (now_ms - int(given)) / 1000
    ago, ahead = _("made %(seconds)s seconds before our clock"), _("%(seconds)s seconds ahead of our clock")
    said = (ago if difference >= 0 else ahead) % {"seconds": f"{abs(difference):,.1f}"}
    try:
        check_time(given, now_ms, lifetime_ms)
    except TokenRefused as no:
        if (unit := _UNITS.get(len(given))) is not None:  # how far off it is says nothing
            return refused(rule, no.reason, fix=unit)
        finding = refused(rule, no.reason, fix=_time_zone(difference))
        return replace(finding, what=f"{finding.what} ({said})")
    return passed(rule, _("The time is good: %(said)s.") % {"said": said})


def _time_zone(seconds: float) -> str:
    """Say so if it is off by whole hours, and by no more than the minutes that a paste takes: local time, not UTC."""
    hours, rest = divmod(seconds, 3600)
    if not 1 <= abs(hours) <= 14 or rest > PASTED_WITHIN_SECONDS:
        return ""
    off = _("time is off by %(hours)d hours, as if local time were UTC.") % {"hours": abs(hours)}
    mend = _("Count milliseconds since 1970-01-01 00:00 UTC and add no time zone.")
    return f"{off} {mend}"


def malformed(rule: str, no: TokenRefused, *, raw: bytes, service: str, keys: list[str]) -> Finding:
    """Return the refusal with what a look at the whole query or form `raw` tells about it."""
    if no.reason is Reason.MISSING_PARAM:
        return refused(rule, no.reason, no.parameter, fix=_misspelt(raw, no.parameter))
    if no.reason is not Reason.BAD_TOKEN_FORMAT:
        return refused(rule, no.reason, no.parameter)
    values = {name: next(iter(values_named(name, raw)), "") for name in (*_SIGNED, "token")}
    token = values.pop("token")
    if _ENCODED.search(token):
        why = _("The token was percent-encoded twice. Encode every value once.")
        return refused(rule, no.reason, no.parameter, fix=why)
    claims = MemberClaims(service=service, return_url=values.pop("returnUrl"), **values)
    why = next(filter(None, (explain_text(claims, token, key) for key in keys)), "")
    if not why:
        why = _("It has %(number)d characters.") % {"number": len(token)} if len(token) != TOKEN_LENGTH else ""
    return refused(rule, no.reason, no.parameter, fix=f"{why} {FIXES[no.reason]}".strip())


def _misspelt(raw: bytes, missing: str) -> str:
    """Name what was sent in the place of a missing parameter, if only letter case or a separator differs."""
    names = (pair.partition(b"=")[0].decode("utf-8", "replace") for pair in raw.split(b"&"))
    meant = next((name for name in names if re.sub(r"[_-]", "", name).lower() == missing and name != missing), "")
    return _("You sent %(given)s. The name is %(name)s.") % {"given": meant[:50], "name": missing} if meant else ""


TOKEN_LENGTH = 44
PASTED_WITHIN_SECONDS = 300

_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_SIGNED = ("usercode", "username", "email", "phone", "memberno", "returnUrl", "time")
