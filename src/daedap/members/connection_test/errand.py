"""The part of Test connection that waits for the company's server, an endpoint of the edge (config/edge.py).

A hanging server must hold no thread, and the edge knows no log-in of staff. So the page of the test redirects here with
a ticket: what was found so far and what is to be asked, sealed by us, good for two minutes and once. `ask` leads back
to the page with everything that was found, sealed again. That works without scripts.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.fernet import InvalidToken
from django.utils import translation
from django.utils.translation import gettext as _
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from daedap.core import limits
from daedap.core.crypto import decrypt, encrypt, new_token
from daedap.core.hosts import organization_url
from daedap.core.outbound import OutboundResponse
from daedap.core.scoping import service_scope
from daedap.core.threads import in_thread
from daedap.members.conformance.findings import Finding, Grade, advice, failed, label, passed, refused
from daedap.members.conformance.login_status import Browser, check_login_status_url
from daedap.members.conformance.verification_url import VerificationUrl, no_yes
from daedap.members.models import LoginType
from daedap.members.return_urls import origin_of
from daedap.members.selectors import get_integration
from daedap.members.tokens import Reason, VerifiedClaims, read_fields
from daedap.members.verification import SLOW_SECONDS, outbound_client, outbound_policy
from daedap.organizations.models import Organization
from daedap.services.models import Service

TICKET_SECONDS = 120
RESULT_SECONDS = 900
STATUS_SECONDS = 12.0
"""For all the questions to the login status URL together."""

SHOWN = 60
"""Characters of a value that the company's server answered."""


# --- sealed addresses --------------------------------------------------------------------------------------------


def _seal(purpose: str, facts: dict[str, Any]) -> str:
    return encrypt(json.dumps({"purpose": f"connection test {purpose}", "at": time.time(), **facts}))


def _unseal(purpose: str, text: str, *, seconds: int) -> dict[str, Any] | None:
    """Return what was sealed for this purpose not longer ago than that; None for anything else."""
    try:
        facts = json.loads(decrypt(text))
    except (InvalidToken, ValueError):
        return None
    if not isinstance(facts, dict) or facts.get("purpose") != f"connection test {purpose}":
        return None
    return facts if time.time() - facts["at"] <= seconds else None


def address_to_ask(*, service: Service, findings: Sequence[Finding], verified: VerifiedClaims | None) -> str:
    """Return the address that asks the verification URL about these claims or, without, the login status URL."""
    ticket = {
        "id": new_token(),
        "organization": service.organization_id,
        "service": service.pk,
        "language": translation.get_language(),
        "findings": [asdict(finding) for finding in findings],
        "claims": [verified.claims.usercode, verified.token_text] if verified else None,
    }
    return f"{_page(service)}ask/?{urlencode({'ticket': _seal('ticket', ticket)})}"


def result_address(service: Service, findings: Sequence[Finding]) -> str:
    """Return the address of the page that shows the findings, good for a quarter of an hour."""
    facts = {"service": service.pk, "findings": [asdict(finding) for finding in findings]}
    return f"{_page(service)}?{urlencode({'result': _seal('result', facts)})}"


def read_result(text: str, service: Service) -> list[Finding] | None:
    """Return the findings of this service that are sealed in `text`; None if there are none, or too old ones."""
    facts = _unseal("result", text, seconds=RESULT_SECONDS)
    return _findings(facts) if facts and facts["service"] == service.pk else None


def _findings(facts: dict[str, Any]) -> list[Finding]:
    return [Finding(**(found | {"grade": Grade(found["grade"])})) for found in facts["findings"]]


def _page(service: Service) -> str:
    return f"/{service.service_id}/settings/member-integration/test/"


# --- the errand --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class _Errand:
    """A ticket, with the settings as they are at this moment."""

    service: Service
    language: str
    findings: list[Finding]
    url: str
    claims: list[str] | None
    browser: Browser


async def ask(request: Request) -> Response:
    """Ask what the ticket says, once, and lead on to the page with all findings; without a good ticket, to the page."""
    errand = await in_thread("connection test", _open, request.query_params.get("ticket", ""))
    if errand is None:
        return RedirectResponse(request.url.path.removesuffix("ask/"), status_code=303)
    with translation.override(errand.language):
        found = await (_verification(errand) if errand.claims else _login_status(errand))
    return RedirectResponse(result_address(errand.service, [*errand.findings, *found]), status_code=303)


def _open(text: str) -> _Errand | None:
    ticket = _unseal("ticket", text, seconds=TICKET_SECONDS)
    if ticket is None:
        return None
    window = timedelta(seconds=2 * TICKET_SECONDS)
    if limits.count_up("members.connection_ticket", ticket["id"], window=window) > 1:
        return None
    with service_scope(ticket["organization"], ticket["service"]):
        service = Service.objects.get(pk=ticket["service"])
        integration = get_integration(service)
        organization = Organization.objects.get(pk=ticket["organization"])
    claims, is_get = ticket["claims"], integration.login_type == LoginType.GET
    if bool(claims) != is_get:  # switched meanwhile
        return None
    rows = {kind: tuple(name for location, name in integration.parameter_rows if location == kind) for kind in _KINDS}
    return _Errand(
        service=service,
        language=ticket["language"],
        findings=_findings(ticket),
        url=integration.token_verification_url if claims else integration.login_status_url,
        claims=claims,
        browser=Browser(
            origin=origin_of(organization_url(organization.domain or "")),
            header_rows=rows["header"],
            query_rows=rows["query"],
        ),
    )


_KINDS = ("header", "query")


async def _verification(errand: _Errand) -> list[Finding]:
    usercode, token = errand.claims or ("", "")
    asked = VerificationUrl(errand.url, outbound_client())
    answer = await asked.ask(usercode, token)
    findings = []
    if answer.reason is None:
        findings.append(passed("verification.answer", _("It confirms that this very user is logged in.")))
        findings.append(await _made_up(asked, usercode))
    else:
        findings.append(no_yes("verification.answer", answer))
    if answer.response is not None:
        findings.append(passed("verification.read", _what_it_said(answer.response, answer.seconds)))
        if answer.reason is None:
            findings.append(label("verification.type", answer.response))
    if answer.response is not None and answer.seconds > SLOW_SECONDS:
        slow = _("That is slow: the member waits for it.")
        findings.append(advice("verification.speed", slow, _("Answer within two seconds.")))
    return findings


async def _made_up(asked: VerificationUrl, usercode: str) -> Finding:
    """Who says yes to any token lets everybody in whose link is signed, also long after the log-out."""
    if await asked.says_yes_to_anything(usercode):
        said = _("It says yes to a token that nobody issued.")
        fix = _("Say yes only to a token that you issued to this very user and whose login is alive.")
        return failed("verification.made_up", said, fix)
    return passed("verification.made_up", _("It does not confirm a token that nobody issued."))


def _what_it_said(response: OutboundResponse, seconds: float) -> str:
    """Say status, time and the two fields that are read; never the body."""
    facts = {"status": response.status, "milliseconds": round(seconds * 1000)}
    text = _("Status %(status)s after %(milliseconds)s ms.") % facts
    fields = read_fields(response.status, response.body)
    if fields is None:
        return text
    shown = {name: json.dumps(value, ensure_ascii=False)[:SHOWN] for name, value in fields.items()}
    read = (
        _("Read from it: login %(login)s, usercode %(usercode)s.") % shown
    )  # in an f-string it would not be collected
    return f"{text} {read}"


async def _login_status(errand: _Errand) -> list[Finding]:
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            found = await check_login_status_url(errand.url, policy=outbound_policy(), browser=errand.browser)
    except TimeoutError:
        found = [refused("status.answers", Reason.VERIFY_TIMEOUT)]
    return [_in_our_words(finding) for finding in found if finding.rule != "status.member"]  # nobody to ask for


def _in_our_words(finding: Finding) -> Finding:
    """Leave out what speaks of the command line."""
    return replace(finding, fix="") if finding.rule == "status.address" else finding
