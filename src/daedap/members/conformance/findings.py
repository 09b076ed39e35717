"""What a check found out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


def refused(rule: str, reason: Reason, parameter: str = "") -> Finding:
    """Return that the product refuses this, in the words of the settings screen."""
    named = f" ({parameter})" if parameter else ""
    return failed(rule, f"{MEANINGS[reason]}{named} [{reason}]", FIXES[reason])


def is_kept_by_caches(answer: OutboundResponse) -> bool:
    """Say whether caches may give this answer to somebody else: by its own word, or because it came from one."""
    directives = {part.strip().lower() for part in answer.header("Cache-Control").split(",")}
    if answer.header("Age") or "public" in directives:
        return True
    if directives & {"no-store", "no-cache", "private"}:
        return False
    ages = (directive.partition("=") for directive in directives)
    return any(name in {"max-age", "s-maxage"} and value.strip('"') not in {"", "0"} for name, _eq, value in ages)
