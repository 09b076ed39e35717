"""What a check found out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.core.outbound import OutboundResponse
from daedap.members.reasons import FIXES, MEANINGS
from daedap.members.tokens import Reason


class Grade(StrEnum):
    """How a rule came out. Only `fail` makes the whole check fail."""

    PASS = "pass"  # noqa: S105 - no password
    ADVICE = "advice"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True)
class Finding:
    """One rule: a stable name for programs, a sentence for people, and what to do unless it passed."""

    rule: str
    grade: Grade
    what: str
    fix: str = ""


def passed(rule: str, what: object) -> Finding:
    """Return that a rule is kept."""
    return Finding(rule, Grade.PASS, str(what))


def failed(rule: str, what: object, fix: object) -> Finding:
    """Return that a rule is broken."""
    return Finding(rule, Grade.FAIL, str(what), str(fix))


def advice(rule: str, what: object, fix: object) -> Finding:
    """Return that something works but should be better."""
    return Finding(rule, Grade.ADVICE, str(what), str(fix))


def skipped(rule: str, what: object, fix: object) -> Finding:
    """Return that a rule could not be looked at, and what it would take."""
    return Finding(rule, Grade.SKIP, str(what), str(fix))


def refused(rule: str, reason: Reason, parameter: str = "", *, fix: object = "") -> Finding:
    """Return that the product refuses this, in the words of the settings screen; `fix` if more is known than usual."""
    if reason is Reason.MISSING_PARAM and parameter:
        said = gettext("The required parameter %(name)s is missing.") % {"name": parameter}
        mend = FIXES[reason] if parameter == "email" else _("Send it.")
        return failed(rule, f"{said} [{reason}]", fix or mend)
    named = f" ({parameter})" if parameter else ""
    return failed(rule, f"{MEANINGS[reason]}{named} [{reason}]", fix or FIXES[reason])


_BROKEN: dict[Reason, str | Promise] = {
    Reason.VERIFY_REDIRECT: _("It answers with a redirect."),
    Reason.VERIFY_HTTP_STATUS: _("It answers with a status other than 200."),
    Reason.VERIFY_TIMEOUT: _("It does not answer within 5 seconds."),
    Reason.VERIFY_NETWORK: _("It cannot be reached."),
    Reason.VERIFY_TLS: _("Its certificate is not accepted."),
    Reason.VERIFY_BAD_JSON: _("It does not answer with a JSON object."),
    Reason.VERIFY_USERCODE_MISSING: _("Its answer has no usercode."),
    Reason.VERIFY_BLOCKED_ADDRESS: _("It does not lead to a public server."),
}


def broken(rule: str, reason: Reason) -> Finding:
    """Return that an address other than the verification URL gave no answer that can be read."""
    return failed(rule, _BROKEN[reason], FIXES[reason])


def label(rule: str, answer: OutboundResponse) -> Finding:
    """Return whether the answer calls itself JSON. We read it all the same, but browsers would show HTML."""
    kind = answer.header("Content-Type").partition(";")[0].strip()
    if kind.lower() == "application/json":
        return passed(rule, _("The answer calls itself JSON."))
    said = gettext('Content-Type is "%(kind)s".') % {"kind": kind[:100]}
    return advice(rule, said, _("Send Content-Type: application/json, so that no browser takes the answer for a page."))


def is_kept_by_caches(answer: OutboundResponse) -> bool:
    """Say whether caches may give this answer to somebody else: by its own word, or because it came from one."""
    directives = {part.strip().lower() for part in answer.header("Cache-Control").split(",")}
    if answer.header("Age") or "public" in directives:
        return True
    if directives & {"no-store", "no-cache", "private"}:
        return False
    ages = (directive.partition("=") for directive in directives)
    return any(name in {"max-age", "s-maxage"} and value.strip('"') not in {"", "0"} for name, _eq, value in ages)
