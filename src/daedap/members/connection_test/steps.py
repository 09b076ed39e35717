"""Test connection (연동 테스트; spec 20, 2.3): every step of section 6, or 8.5, for parameters that were pasted.

Nothing comes of it: no session, no member, no used token, no event, and nothing counts against a visitor. What it says
are findings, as `daedap check-integration` makes them: sentences that hold neither a Key, nor the token that was
expected, nor a body. Asking the company's server is the edge's (members/connection_test/errand.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from urllib.parse import quote, urlencode, urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from daedap.audit.actions import record
from daedap.core import limits
from daedap.core.actors import Actor
from daedap.core.errors import TooManyAttempts
from daedap.core.hosts import organization_url
from daedap.members import logins
from daedap.members.conformance.diagnosis import explain
from daedap.members.conformance.findings import Finding, advice, failed, passed, refused, skipped
from daedap.members.conformance.links import UNEXPLAINED, freshness, malformed
from daedap.members.models import IntegrationSettings, LoginType
from daedap.members.return_urls import allowed_target
from daedap.members.selectors import get_integration
from daedap.members.tokens import (
    GET_REQUIRED,
    POST_REQUIRED,
    REMOTE_LIFETIME_MS,
    EntryRequest,
    Reason,
    TokenRefused,
    VerifiedClaims,
    check,
    matches,
    read_entry,
    values_named,
)
from daedap.organizations.keys import valid_keys
from daedap.organizations.models import Organization
from daedap.services.models import Service

TESTS_ALLOWED = 30
TESTS_WINDOW = timedelta(minutes=5)
"""So many tests of one service; they are not counted with its visitors."""

STEPS: dict[str, Promise] = {
    "read": gettext_lazy("Read the parameters"),
    "structure": gettext_lazy("Required parameters and their form"),
    "configuration": gettext_lazy("Settings and organization Key"),
    "time": gettext_lazy("Time window"),
    "signature": gettext_lazy("Signature (HMAC)"),
    "single_use": gettext_lazy("Single use"),
    "return_url": gettext_lazy("Page to return to"),
    "verification": gettext_lazy("Token verification URL"),
    "status": gettext_lazy("Login status URL"),
}
"""What the steps are called on the screen: the first word of a finding's rule."""

_LINE = re.compile(r"\s*([A-Za-z]+)\s*[:=]\s*(.*?)\s*")
_LINK = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)


# --- what was pasted ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Pasted:
    """The parameters of what somebody copied: a link, its query, or the fields of a form.

    `address` is what stood before the "?".
    """

    raw: bytes
    address: str = ""
    from_html: bool = False

    def value(self, name: str) -> str:
        """Return a parameter as it was given, right or wrong."""
        return next(iter(values_named(name, self.raw)), "")


def read_pasted(text: str) -> Pasted:
    """Take apart a whole link, a query, a form's body, or fields one on each line (`name=value` or `name: value`)."""
    text = text.strip().strip("\"'")
    lines = [line for line in text.splitlines() if line.strip()]
    fields = [(match[1], match[2]) for match in map(_LINE.fullmatch, lines) if match]
    if len(lines) > 1 and len(fields) == len(lines):
        return Pasted(urlencode(fields, quote_via=quote, safe="").encode())
    from_html = "&amp;" in text or text.startswith("<")
    text = unescape(text) if from_html else text
    if text.startswith("<") and (found := _LINK.search(text)) is not None:  # the whole <a href="…">
        text = found[0]
    is_link = re.match(r"(https?:/)?/", text, re.IGNORECASE) is not None
    address, _mark, query = text.partition("?") if is_link else ("", "", text.removeprefix("?"))
    return Pasted("".join(query.partition("#")[0].splitlines()).encode(), address, from_html)


# --- the test ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Outcome:
    """What was found without asking anybody; `verified` is set if the verification URL is to be asked now."""

    findings: list[Finding]
    verified: VerifiedClaims | None


def run_test(*, organization: Organization, service: Service, pasted: str, actor: Actor) -> Outcome:
    """Check what was pasted as an entry would, going on past what fails while there is something to look at.

    Raise TooManyAttempts after `TESTS_ALLOWED` tests of the service.
    """
    count_test(service, actor)
    integration = get_integration(service)
    return _Test(organization, service, integration, read_pasted(pasted), valid_keys(organization)).run()


def count_test(service: Service, actor: Actor) -> None:
    """Count one more test of this service, and write down who made it; raise TooManyAttempts if it is one too many."""
    if limits.count_up("members.connection_tested", str(service.pk), window=TESTS_WINDOW) > TESTS_ALLOWED:
        raise TooManyAttempts
    ids = {"organization_id": service.organization_id, "service_id": service.pk}
    record("members.connection_tested", actor=actor, **ids, target=str(service))


@dataclass(frozen=True, repr=False)
class _Test:
    """One test, against the settings as they are saved."""

    organization: Organization
    service: Service
    integration: IntegrationSettings
    pasted: Pasted
    keys: list[str]

    @property
    def is_get(self) -> bool:
        return self.integration.login_type == LoginType.GET

    @property
    def lifetime_ms(self) -> int | None:
        if not self.is_get:
            return REMOTE_LIFETIME_MS
        lifetime = logins.token_lifetime(self.integration)
        return None if lifetime is None else lifetime // timedelta(milliseconds=1)

    def run(self) -> Outcome:
        entry, findings = self._read()
        findings = [*self._place(), *findings, self._configuration()]
        if entry is None:
            rest = ("time", "signature", "single_use", "verification" if self.is_get else "return_url")
            return Outcome([*findings, *map(_not_reached, rest)], None)
        verified, signature = self._signature(entry)
        findings += [freshness("time", entry, self.lifetime_ms), *signature, self._single_use(verified)]
        if not self.is_get:
            return Outcome([*findings, self._return_url(verified)], None)
        if verified is None:
            said = _("It was not asked: the signature is not right.")
            findings.append(skipped("verification", said, _("Mend the signature first.")))
        asks = verified if self.integration.token_verification_url else None
        return Outcome(findings, asks)

    def _place(self) -> Iterator[Finding]:
        """Say what is wrong with where the link leads, or with the way it was copied."""
        if self.pasted.from_html:
            said = _("The link was copied from HTML; &amp; was read as &.")
            yield advice("read.html", said, _("Copy it from the address bar."))
        try:
            parts = urlsplit(self.pasted.address)
        except ValueError:
            return
        host = urlsplit(organization_url(self.organization.domain or "")).netloc
        if parts.netloc and parts.netloc.lower() != host:
            said = _("The link leads to %(given)s.") % {"given": parts.netloc[:200]}
            yield failed(
                "read.host", said, _("The help centres of this organization are at %(host)s.") % {"host": host}
            )
        given, _slash, page = parts.path.strip("/").partition("/")
        if page.startswith("hc") and given.lower() != self.service.service_id.lower():
            said = _("The link is for the service %(given)s.") % {"given": given[:50]}
            fix = _("Tokens of one service do not work at another. This one is %(service)s.")
            yield failed("read.service", said, fix % {"service": self.service.service_id})

    def _read(self) -> tuple[EntryRequest | None, list[Finding]]:
        """Do steps 1 and 2; the entry comes also if only its e-mail is missing."""
        try:
            entry = self._entry(GET_REQUIRED if self.is_get else POST_REQUIRED)
        except TokenRefused as refusal:
            finding = self._malformed(refusal)
            if refusal.reason in (Reason.BAD_ENCODING, Reason.DUP_PARAM):
                return None, [replace(finding, rule="read.parameters"), _not_reached("structure")]
            return self._lenient(), [_readable(), finding]
        return entry, [_readable(), passed("structure", _("The parameters are complete and well-formed."))]

    def _entry(self, required: Sequence[str]) -> EntryRequest:
        return read_entry(self.pasted.raw, self.service.service_id, required=required)

    def _lenient(self) -> EntryRequest | None:
        try:
            return self._entry(POST_REQUIRED)
        except TokenRefused:
            return None

    def _malformed(self, refusal: TokenRefused) -> Finding:
        return malformed("structure", refusal, raw=self.pasted.raw, service=self.service.service_id, keys=self.keys)

    def _configuration(self) -> Finding:
        if not self.integration.enabled:
            said = _("Member integration is disabled, so nobody is signed in. The rest was checked all the same.")
            return failed("configuration", said, _("Enable it and save."))
        if not self.keys or (self.is_get and not self.integration.token_verification_url):
            return refused("configuration", Reason.NOT_CONFIGURED)
        return passed("configuration", _("Integration is enabled, with everything it needs."))

    def _signature(self, entry: EntryRequest) -> tuple[VerifiedClaims | None, list[Finding]]:
        if not self.keys:
            return None, [_not_reached("signature")]
        try:
            verified = check(entry, self.keys, now_ms=0, lifetime_ms=None)
        except TokenRefused as refusal:
            why = self._explanation(entry)
            return None, [refused("signature", refusal.reason, fix=why or UNEXPLAINED)]
        findings = [_signed_with(verified.key_index)]
        if verified.plus_kept:
            slip = _('A "+" was not percent-encoded. It is understood, but a "+" means a space there.')
            findings.append(advice("signature.plus", slip, _('Encode "+" as %2B.')))
        return verified, findings

    def _explanation(self, entry: EntryRequest) -> str:
        """Name what differs, if a known slip makes the signature fit."""
        without = replace(entry.claims, return_url="")
        if not self.is_get and matches(without, entry.token, self.keys) is not None:
            return _("returnUrl is not signed. That is right for the call from your server, which does not send it.")
        for claims in filter(None, (entry.claims, entry.plus_claims)):
            for index, key in enumerate(self.keys):
                if why := explain(claims, entry.token, key):
                    return f"{why} {_old_key() if index else ''}".strip()
        return ""

    def _single_use(self, verified: VerifiedClaims | None) -> Finding:
        if not self.integration.single_use_token:
            return skipped("single_use", _("Not switched on: a token may be presented again."), "")
        if verified is None:
            return _not_reached("single_use")
        if logins.was_used(verified.token):
            return refused("single_use", Reason.REPLAYED)
        return passed("single_use", _("Not used yet, and the test does not use it up."))

    def _return_url(self, verified: VerifiedClaims | None) -> Finding:
        wanted = verified.claims.return_url if verified else ""
        if not wanted:
            return skipped("return_url", _("No returnUrl to follow."), "")
        if allowed_target(wanted, self.organization, self.service, self.integration) is None:
            fix = _("Add its host to the allowed return domains.")
            return advice("return_url", _("The returnUrl leads to a host that is not allowed."), fix)
        return passed("return_url", _("The returnUrl is followed."))


def _readable() -> Finding:
    return passed("read.parameters", _("Every parameter is UTF-8 and there once."))


def _not_reached(rule: str) -> Finding:
    return skipped(rule, _("Not looked at, because of what is above."), "")


def _old_key() -> str:
    return _("It was signed with the old organization Key.")


def _signed_with(key_index: int) -> Finding:
    if not key_index:
        return passed("signature", _("The token is signed with the current organization Key."))
    return advice("signature", _old_key(), _("Change to the new Key before the overlap ends."))
