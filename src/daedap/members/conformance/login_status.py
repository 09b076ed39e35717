"""The login-status URL (POST type), asked as the visitor's browser would on our page (spec 20, 7.1)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _

from daedap.core.outbound import OutboundClient, OutboundError, OutboundPolicy, OutboundResponse
from daedap.members.conformance.findings import (
    Finding,
    Grade,
    advice,
    broken,
    failed,
    is_kept_by_caches,
    label,
    passed,
    skipped,
)
from daedap.members.conformance.verification_url import check_address
from daedap.members.tokens import Reason, TokenRefused, read_verification
from daedap.members.verification import REASON_OF, SLOW_SECONDS

STRANGER = "https://attacker.example"


@dataclass(frozen=True, kw_only=True, repr=False)
class Browser:
    """The visitor's browser: which page asks, with which cookie, and whom the page has signed in.

    `header_rows` and `query_rows` are the parameter rows of the settings screen.
    """

    origin: str
    cookie: str = ""
    usercode: str = ""
    header_rows: tuple[str, ...] = ()
    query_rows: tuple[str, ...] = ()

    def headers(self, origin: str) -> list[tuple[str, str]]:
        """Return what fetch() sends from a page of `origin`, rows left out."""
        cookies = [("Cookie", self.cookie)] if self.cookie else []
        return [("Origin", origin), ("Sec-Fetch-Mode", "cors"), *cookies]


async def check_login_status_url(url: str, *, policy: OutboundPolicy, browser: Browser) -> list[Finding]:
    """Ask as a guest, as a member if there is a cookie, and as a page of somebody else."""
    address = check_address("status.address", url, policy, browser.query_rows)
    if address.fix:
        return [address]
    client = OutboundClient(policy)
    guest = Browser(origin=browser.origin)
    findings = [address, _site(url, browser.origin)]
    started = time.perf_counter()
    try:
        answer = await client.call("GET", url, headers=guest.headers(guest.origin))
        seconds = time.perf_counter() - started
        findings += [_guest(answer), *_permissions("status", answer, browser.origin), _caching(answer)]
        findings += [_speed(seconds), label("status.type", answer)]
        findings.append(await _strangers(client, url, browser))
        if browser.header_rows:
            findings += await _preflight(client, url, browser)
        findings.append(await _member(client, url, browser))
    except OutboundError as error:
        findings.append(broken("status.answers", REASON_OF[error.kind]))
    return findings


def _site(url: str, origin: str) -> Finding:
    """Browsers send a cookie from our page for sure only within one site."""
    if is_one_site(url, origin):
        return passed("status.site", _("It is one site with the help centre, so browsers send your cookie."))
    facts = {"host": urlsplit(url).hostname or "", "help_centre": urlsplit(origin).hostname or ""}
    said = _("%(host)s and %(help_centre)s are not one site.") % facts
    fix = _(
        "Many browsers send no cookie there, and the member is logged out again at once. Use a host of one site with "
        "the help centre, or make the cookie SameSite=None; Secure, which some browsers block all the same."
    )
    return advice("status.site", said, fix)


def is_one_site(one: str, other: str) -> bool:
    """Tell whether two addresses belong together for a browser's cookies: scheme and registered domain are equal.

    Registered domains are guessed without the Public Suffix List: two labels, or three as in example.co.kr.
    """
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, _registered(first.hostname or "")) == (second.scheme, _registered(second.hostname or ""))


def _registered(host: str) -> str:
    labels = host.lower().rstrip(".").split(".")
    if labels[-1].isdigit() or ":" in host:
        return host
    country_has_kinds = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if country_has_kinds else -2 :])


def _guest(answer: OutboundResponse) -> Finding:
    reason = _read(answer, "")
    if reason is Reason.VERIFY_LOGIN_FALSE:
        return passed("status.guest", _("Without a cookie it says that nobody is logged in."))
    if reason in (None, Reason.VERIFY_USERCODE_MISMATCH, Reason.VERIFY_USERCODE_MISSING):
        said = _("Without a cookie it says that somebody is logged in.")
        return failed("status.guest", said, _("Answer from the cookie of the request only."))
    return broken("status.guest", reason)


def _read(answer: OutboundResponse, usercode: str) -> Reason | None:
    """Read the answer by the rules of the verification URL, which are the same (spec 20, 7.1)."""
    try:
        read_verification(answer.status, answer.body, usercode)
    except TokenRefused as no:
        return no.reason
    return None


def _permissions(rule: str, answer: OutboundResponse, origin: str) -> list[Finding]:
    """The two CORS headers without which the browser keeps the answer from our page."""
    fix = _("Send Access-Control-Allow-Origin: %(origin)s exactly, no * and no slash at the end.") % {"origin": origin}
    allowed = answer.header("Access-Control-Allow-Origin")
    findings = [passed(f"{rule}.origin", _("Our page may read the answer."))]
    if allowed != origin:
        said = _('Access-Control-Allow-Origin is "%(allowed)s".') % {"allowed": allowed[:200]}
        missing = _("Access-Control-Allow-Origin is missing: the browser keeps the answer from our page.")
        findings = [failed(f"{rule}.origin", said if allowed else missing, fix)]
    if answer.header("Access-Control-Allow-Credentials") == "true":
        findings.append(passed(f"{rule}.credentials", _("The browser may send your cookie.")))
    else:
        missing = _("Access-Control-Allow-Credentials is not true.")
        findings.append(
            failed(f"{rule}.credentials", missing, _("Send Access-Control-Allow-Credentials: true, in lower case."))
        )
    return findings


def _caching(answer: OutboundResponse) -> Finding:
    rule = "status.caching"
    if is_kept_by_caches(answer):
        return failed(rule, _("Caches may keep the answer."), _("Send Cache-Control: no-store."))
    varies = {part.strip().lower() for part in answer.header("Vary").split(",")}
    if "origin" not in varies:
        return advice(rule, _("Vary: Origin is missing."), _("Send Vary: Origin, since the answer depends on it."))
    return passed(rule, _("The answer is kept apart by origin."))


def _speed(seconds: float) -> Finding:
    what = _("It answered in %(milliseconds)d ms.") % {"milliseconds": round(seconds * 1000)}
    if seconds <= SLOW_SECONDS:
        return passed("status.speed", what)
    return advice("status.speed", what, _("Answer within two seconds: the enquiry list waits for it."))


async def _strangers(client: OutboundClient, url: str, browser: Browser) -> Finding:
    """No page but ours may learn who is logged in, however its address resembles ours."""
    host = urlsplit(browser.origin).netloc
    for origin in (STRANGER, f"https://{host}.attacker.example", f"https://attacker{host}", "null"):
        answer = await client.call("GET", url, headers=browser.headers(origin))
        if answer.header("Access-Control-Allow-Origin") in (origin, "*"):
            said = _("A page of %(origin)s may read who is logged in.") % {"origin": origin}
            return failed("status.strangers", said, _("Compare the whole Origin with ours; never echo any other."))
    return passed("status.strangers", _("Pages of others may not read the answer."))


async def _preflight(client: OutboundClient, url: str, browser: Browser) -> list[Finding]:
    asked = ", ".join(sorted(browser.header_rows))
    headers = [
        ("Origin", browser.origin),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", asked),
    ]
    answer = await client.call("OPTIONS", url, headers=headers)
    if not 200 <= answer.status <= 299:
        said = _("OPTIONS was answered with %(status)d.") % {"status": answer.status}
        return [failed("status.preflight", said, _("Answer OPTIONS with 204 and the CORS headers, without a login."))]
    allowed = {part.strip().lower() for part in answer.header("Access-Control-Allow-Headers").split(",")}
    missing = [name for name in browser.header_rows if name not in allowed]
    findings = _permissions("status.preflight", answer, browser.origin)
    if missing:
        what = _("OPTIONS does not allow the headers %(names)s.") % {"names": ", ".join(missing)}
        fix = _("Send Access-Control-Allow-Headers: %(names)s (a * does not count with cookies).") % {"names": asked}
        return [*findings, failed("status.preflight.headers", what, fix)]
    return [*findings, passed("status.preflight.headers", _("OPTIONS allows the header rows."))]


async def _member(client: OutboundClient, url: str, browser: Browser) -> Finding:
    rule = "status.member"
    if not browser.cookie:
        give = _("Give the cookie of a logged-in user with --cookie-file.")
        return skipped(rule, _("No logged-in user was asked about."), give)
    value = browser.usercode
    rows = [(name, quote(value, safe="")) for name in browser.header_rows]
    headers = [*browser.headers(browser.origin), *rows]
    answer = await client.call("GET", url, [(name, value) for name in browser.query_rows], headers)
    reason = _read(answer, value)
    problems = [each for each in _permissions(rule, answer, browser.origin) if each.grade is Grade.FAIL]
    if problems:
        return problems[0]
    if reason is None or (reason is Reason.VERIFY_USERCODE_MISMATCH and not value):
        return passed(rule, _("With the cookie it says who is logged in."))
    if reason is Reason.VERIFY_LOGIN_FALSE:
        said = _("With the cookie it says that nobody is logged in.")
        return failed(rule, said, _("Check that the cookie is still valid and that login is true."))
    if reason is Reason.VERIFY_USERCODE_MISMATCH:
        said = _("With the cookie it names another usercode.")
        return failed(rule, said, _("Check that --usercode is whose cookie it is."))
    return broken(rule, reason)
