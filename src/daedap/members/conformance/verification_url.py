"""The Token verification URL (GET type), asked as the product asks it (spec 20, 6.4 to 6.6)."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from daedap.core.outbound import OutboundClient, OutboundError, OutboundPolicy, OutboundResponse, UrlRefused, check_url
from daedap.members.conformance.findings import (
    Finding,
    advice,
    failed,
    is_kept_by_caches,
    label,
    passed,
    refused,
    skipped,
)
from daedap.members.tokens import Reason, TokenRefused, read_fields, read_verification
from daedap.members.verification import REASON_OF, SLOW_SECONDS

AWKWARD_USERCODES = ("회원 +0001", "a%2Bb=c?d#e/f", "' OR '1'='1")


NOT_ASKED = "verification.others"

_READ = {Reason.VERIFY_LOGIN_FALSE, Reason.VERIFY_USERCODE_MISSING, Reason.VERIFY_USERCODE_MISMATCH}


@dataclass(frozen=True, repr=False)
class Answer:
    """How one question ended: `reason` is None for "this very user is logged in"."""

    reason: Reason | None
    seconds: float
    response: OutboundResponse | None


class VerificationUrl:
    """Asks one Token verification URL."""

    def __init__(self, url: str, client: OutboundClient) -> None:
        self._url = url
        self._client = client

    async def says_yes_to_anything(self, usercode: str) -> bool:
        """Say whether it confirms a user with a token that nobody issued."""
        return (await self.ask(usercode, _made_up_token())).reason is None

    async def ask(self, usercode: str, token: str) -> Answer:
        """Ask whether this user is logged in with this token, and read the answer as the product does."""
        started = time.perf_counter()
        response = None
        reason: Reason | None = None
        try:
            response = await self._client.get(self._url, [("usercode", usercode), ("token", token)])
            read_verification(response.status, response.body, usercode)
        except OutboundError as error:
            reason = REASON_OF[error.kind]
        except TokenRefused as no:
            reason = no.reason
        return Answer(reason, time.perf_counter() - started, response)


def check_address(rule: str, url: str, policy: OutboundPolicy, appended: tuple[str, ...]) -> Finding:
    """Return whether the settings screen would take the address."""
    try:
        check_url(url, policy, appended)
    except UrlRefused as no:
        return failed(rule, no, _("On your own machine --allow-private permits http and private addresses."))
    return passed(rule, _("The address can be saved."))


async def check_verification_url(
    url: str, *, policy: OutboundPolicy, usercode: str, token: str, logged_out: bool
) -> list[Finding]:
    """Ask with the real token and with made-up ones; `usercode` and `token` may be "" if there are none."""
    address = check_address("verification.address", url, policy, ("usercode", "token"))
    if address.fix:
        return [address]
    asked = VerificationUrl(url, OutboundClient(policy))
    findings = [address]
    if usercode and token:
        findings += await _check_real(asked, usercode, token, logged_out=logged_out)
        if findings[-1].rule == NOT_ASKED:
            return findings
    else:
        missing = _("No real token was asked about.")
        findings.append(skipped("verification.confirms", missing, _("Give --link with a freshly signed link.")))
    nobody = f"daedap-check-{secrets.token_hex(8)}"
    findings.append(
        await _expect_no(asked, "verification.unknown_user", _("a user that does not exist"), nobody, _made_up_token())
    )
    for number, awkward in enumerate(AWKWARD_USERCODES, start=1):
        rule = f"verification.characters_{number}"
        what = _('the usercode "%(usercode)s"') % {"usercode": awkward}
        findings.append(await _expect_no(asked, rule, what, awkward, _made_up_token()))
    return findings


async def _check_real(asked: VerificationUrl, usercode: str, token: str, *, logged_out: bool) -> list[Finding]:
    if logged_out:
        return [await _expect_no(asked, "verification.logged_out", _("a token of a closed login"), usercode, token)]
    answer = await asked.ask(usercode, token)
    if answer.reason is not None:
        finding = no_yes("verification.confirms", answer)
        if answer.reason in _READ:
            return [finding]
        said = _("Nothing else was asked, since every answer would be like this.")
        return [finding, skipped(NOT_ASKED, said, _("Mend what is above first."))]
    findings = [passed("verification.confirms", _("It confirms the real token for the same usercode."))]
    findings += [_speed(answer), _caching(answer)]
    if answer.response is not None:
        findings.append(label("verification.type", answer.response))
    again = await asked.ask(usercode, token)
    findings.append(
        passed("verification.repeats", _("It confirms the token a second time."))
        if again.reason is None
        else failed(
            "verification.repeats",
            _("It confirms the token only once."),
            _("Keep the token until it expires: one token may open several pages."),
        )
    )
    findings += await _check_strangers(asked, usercode, token)
    return findings


def no_yes(rule: str, answer: Answer) -> Finding:
    """Return why this answer is no yes, with the status or the value of `login` where that tells more."""
    reason, response = answer.reason or Reason.VERIFY_LOGIN_FALSE, answer.response
    finding = refused(rule, reason)
    if response is None:
        return finding
    if reason in (Reason.VERIFY_HTTP_STATUS, Reason.VERIFY_REDIRECT):
        return replace(finding, what=f"{finding.what} ({response.status})")
    fields = read_fields(response.status, response.body) or {}
    login = fields.get("login")
    if reason is not Reason.VERIFY_LOGIN_FALSE or login is False or str(login).strip().lower() == "false":
        return finding
    if login is None:
        return replace(
            finding, fix=_('The answer has no "login" at its top level. Send {"login": true, "usercode": …}.')
        )
    shown = json.dumps(login, ensure_ascii=False)[:60]
    return replace(finding, fix=_('login was %(login)s. Only true and "true" mean yes.') % {"login": shown})


async def _check_strangers(asked: VerificationUrl, usercode: str, token: str) -> list[Finding]:
    made_up = _("the real user with a made-up token")
    findings = [
        await _expect_no(asked, "verification.wrong_token", made_up, usercode, _made_up_token()),
        await _expect_no(
            asked, "verification.other_user", _("the real token for another user"), f"{usercode[:49]}x", token
        ),
    ]
    if usercode.swapcase() != usercode:
        case = _("the real token for a usercode that differs in case only")
        findings.append(await _expect_no(asked, "verification.case", case, usercode.swapcase(), token))
    return findings


async def _expect_no(asked: VerificationUrl, rule: str, what: str, usercode: str, token: str) -> Finding:
    """Return whether a question that deserves a "no" gets a clean one."""
    answer = await asked.ask(usercode, token)
    if answer.reason is Reason.VERIFY_LOGIN_FALSE:
        return passed(rule, _("It says no to %(what)s.") % {"what": what})
    if answer.reason is None:
        said = _("It says yes to %(what)s.") % {"what": what}
        return failed(
            rule, said, _("Say yes only to a token that you issued to this very user and whose login is alive.")
        )
    problem = no_yes(rule, answer)
    return failed(rule, _("Asked about %(what)s: %(problem)s") % {"what": what, "problem": problem.what}, problem.fix)


def _speed(answer: Answer) -> Finding:
    facts = {"milliseconds": round(answer.seconds * 1000)}
    what = _("It answered in %(milliseconds)d ms.") % facts
    if answer.seconds <= SLOW_SECONDS:
        return passed("verification.speed", what)
    return advice("verification.speed", what, _("Answer within two seconds; after five the member stays a guest."))


def _caching(answer: Answer) -> Finding:
    rule = "verification.caching"
    if answer.response is not None and is_kept_by_caches(answer.response):
        return failed(rule, _("Caches may keep the answer."), _("Send Cache-Control: no-store."))
    if answer.response is not None and "no-store" in answer.response.header("Cache-Control").lower():
        return passed(rule, _("No cache keeps the answer."))
    return advice(rule, _("Nothing forbids caches to keep the answer."), _("Send Cache-Control: no-store."))


def _made_up_token() -> str:
    return base64.b64encode(b"\xfb\xff" + secrets.token_bytes(30)).decode("ascii")  # begins with "+/"
