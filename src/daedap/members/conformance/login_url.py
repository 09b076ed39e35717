"""The login URL (POST type): where visitors are sent to, and the form it hands them back with (spec 20, 7.2 and 8)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from django.utils.translation import gettext as _

from daedap.core.outbound import Kind, OutboundClient, OutboundError, OutboundPolicy, OutboundResponse
from daedap.members.conformance.findings import Finding, broken, failed, passed, skipped
from daedap.members.conformance.links import check_signature, freshness, malformed
from daedap.members.conformance.login_status import STRANGER, Browser
from daedap.members.conformance.verification_url import check_address
from daedap.members.tokens import (
    POST_REQUIRED,
    REMOTE_LIFETIME_MS,
    STATE_PARAMETER,
    TokenRefused,
    read_entry,
    read_service,
)
from daedap.members.verification import REASON_OF

REMOTE_LOGIN = "/v2/enduser/remote.json"
REMOTE_LOGIN_OF_SERVERS = "/api/v2/enduser/remote.json"
HOPS = 5


@dataclass(frozen=True, repr=False)
class Form:
    """A form of a page: where it goes, how, and its fields."""

    action: str
    method: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, repr=False)
class Arrival:
    """Where a walk through the company's redirects ended: an address elsewhere, or a page of its own."""

    url: str
    is_elsewhere: bool
    status: int
    forms: tuple[Form, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class HelpCentre:
    """The service that is being connected, as its settings know it."""

    origin: str
    service: str
    keys: list[str]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, list[tuple[str, str]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), given.get("method", "get").lower(), []))
        elif tag in ("input", "textarea") and self.found and "name" in given:
            self.found[-1][2].append((given["name"], given.get("value", "")))


async def check_login_url(
    url: str, *, policy: OutboundPolicy, browser: Browser, help_centre: HelpCentre
) -> list[Finding]:
    """Open the login page as a guest and, with a cookie, as a member; look at where it leads and what it signs."""
    address = check_address("login.address", url, policy, ("returnUrl",))
    if address.fix:
        return [address]
    client = OutboundClient(policy)
    state = secrets.token_urlsafe(32)
    wanted = f"{help_centre.origin}/{help_centre.service}/hc/ticket/?from=app&{STATE_PARAMETER}={state}"
    findings = [address]
    try:
        guest = Browser(origin=browser.origin)
        findings.append(_guest(await _walk(client, url, wanted, guest)))
        if browser.cookie:
            findings += _member(await _walk(client, url, wanted, browser), wanted, help_centre, browser.usercode)
        else:
            give = _("Give the cookie of a logged-in user with --cookie-file.")
            findings.append(skipped("login.member", _("No logged-in user was sent."), give))
        findings.append(await _stranger(client, url, browser, help_centre))
    except OutboundError as error:
        findings.append(broken("login.answers", REASON_OF[error.kind]))
    return findings


async def _walk(client: OutboundClient, url: str, return_url: str, browser: Browser) -> Arrival:
    """Open the login URL and follow redirects as long as they stay on its host."""
    host = urlsplit(url).netloc
    params = [("returnUrl", return_url)]
    status = 0
    for _hop in range(HOPS):
        try:
            answer = await client.call("GET", url, params, _page_headers(browser))
        except OutboundError as error:
            if error.kind is not Kind.TOO_LARGE:
                raise
            return Arrival(url, is_elsewhere=False, status=200, forms=())  # a page, but not one that hands over
        status, params = answer.status, []
        if not 300 <= answer.status <= 399 or not answer.header("Location"):
            return Arrival(url, is_elsewhere=False, status=status, forms=_forms_of(answer, url))
        url = urljoin(url, answer.header("Location"))
        if urlsplit(url).netloc != host:
            return Arrival(url, is_elsewhere=True, status=status, forms=())
    return Arrival(url, is_elsewhere=False, status=status, forms=())


def _page_headers(browser: Browser) -> list[tuple[str, str]]:
    cookies = [("Cookie", browser.cookie)] if browser.cookie else []
    return [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), *cookies]


def _forms_of(answer: OutboundResponse, url: str) -> tuple[Form, ...]:
    reader = _Forms()
    reader.feed(answer.body.decode("utf-8", "replace"))
    return tuple(Form(urljoin(url, action), method, tuple(fields)) for action, method, fields in reader.found)


def _guest(arrival: Arrival) -> Finding:
    if arrival.is_elsewhere or 200 <= arrival.status <= 299:
        return passed("login.guest", _("Visitors who are logged out get to a login page."))
    said = _("With returnUrl it answers %(status)d.") % {"status": arrival.status}
    return failed("login.guest", said, _("Show the login page; returnUrl holds an address with a query of its own."))


def _member(arrival: Arrival, wanted: str, help_centre: HelpCentre, usercode: str) -> list[Finding]:
    by_server = arrival.is_elsewhere and _origin(arrival.url) == help_centre.origin
    if by_server and "accessToken=" in arrival.url:
        kept = arrival.url.startswith(wanted)
        done = passed("login.member", _("Members are handed over from your server, with an access token."))
        return [done, _return_url(is_kept=kept)]
    form = _form_to(REMOTE_LOGIN, arrival)
    if form is None and _form_to(REMOTE_LOGIN_OF_SERVERS, arrival):
        said = _("The form goes to %(path)s, where only servers call.") % {"path": REMOTE_LOGIN_OF_SERVERS}
        fix = _("Send a form of the browser to %(path)s, with returnUrl in the form and in the token.")
        return [failed("login.member", said, fix % {"path": REMOTE_LOGIN})]
    if form is None:
        said = _("Members who are logged in already are not handed over: %(where)s") % {"where": _ended(arrival)}
        fix = _("Send them on at once: by the form to %(path)s, or to returnUrl with an access token.")
        return [failed("login.member", said, fix % {"path": REMOTE_LOGIN})]
    if _origin(form.action) != help_centre.origin or form.method != "post":
        facts = {"method": form.method.upper()[:10], "given": _origin(form.action)[:200], "origin": help_centre.origin}
        said = _("The form is sent by %(method)s to %(given)s, not by POST to %(origin)s.") % facts
        return [failed("login.member", said, _("Send the member's data to our address only, and never by GET."))]
    done = passed("login.member", _("Members who are logged in are handed over by the form."))
    return [done, *_form(form, wanted, help_centre, usercode)]


def _form_to(path: str, arrival: Arrival) -> Form | None:
    return next((form for form in arrival.forms if urlsplit(form.action).path == path), None)


def _ended(arrival: Arrival) -> str:
    """Say where the walk ended; neither query nor user name, since both may tell secrets."""
    parts = urlsplit(arrival.url)
    host = parts.netloc.rpartition("@")[2]
    facts = {"status": arrival.status, "page": f"{parts.scheme}://{host}{parts.path}"[:200]}
    return _("it ends with status %(status)d at %(page)s.") % facts


def _form(form: Form, wanted: str, help_centre: HelpCentre, usercode: str) -> list[Finding]:
    raw = urlencode(form.fields).encode("ascii")
    try:
        service = read_service(raw)
        entry = read_entry(raw, service, required=POST_REQUIRED)
    except TokenRefused as no:
        return [malformed("login.form", no, raw=raw, service=help_centre.service, keys=help_centre.keys)]
    if service != help_centre.service:
        said = _("The form names the service %(service)s.") % {"service": service}
        return [failed("login.form", said, _("Send %(service)s.") % {"service": help_centre.service})]
    findings = [passed("login.form", _("The form is complete and well-formed."))]
    findings.append(freshness("login.time", entry, REMOTE_LIFETIME_MS))
    if usercode and entry.claims.usercode != usercode:
        said = _("The form signs the usercode %(given)s.") % {"given": entry.claims.usercode}
        fix = _("Sign the usercode that your login-status URL answers; otherwise the login ends at once.")
        findings.append(failed("login.usercode", said, fix))
    findings.append(_return_url(is_kept=entry.claims.return_url == wanted))
    return findings + check_signature(entry, help_centre.keys, "login.signature")


def _return_url(*, is_kept: bool) -> Finding:
    if is_kept:
        return passed("login.return_url", _("returnUrl comes back unchanged."))
    said = _("returnUrl comes back changed.")
    return failed("login.return_url", said, _("Hand on the returnUrl you were given, with all of its query."))


async def _stranger(client: OutboundClient, url: str, browser: Browser, help_centre: HelpCentre) -> Finding:
    """A returnUrl of somebody else must not be followed, nor get a signature."""
    arrival = await _walk(client, url, f"{STRANGER}/steal", browser)
    follows = arrival.is_elsewhere and _origin(arrival.url) == STRANGER
    signs = any(
        ("returnUrl", f"{STRANGER}/steal") in form.fields and urlsplit(form.action).path == REMOTE_LOGIN
        for form in arrival.forms
    )
    posts = any(_origin(form.action) == STRANGER for form in arrival.forms)
    if follows or signs or posts:
        said = _("A returnUrl of another host is followed or signed.")
        return failed("login.strangers", said, _("Accept only a returnUrl that begins with the help centre's address."))
    return passed("login.strangers", _("A returnUrl of another host leads nowhere."))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
