"""The table of states: what may be done from where, by whom, and what follows (spec 50, 3.3 and 12.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from daedap.tickets.models import EventCode, Resolution, Status


class Who(StrEnum):
    """Who may take a step. All of them hold the ticket permission in this service."""

    AGENT = "agent"
    ASSIGNEE = "assignee"  # or an administrator
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"  # nobody by hand


@dataclass(frozen=True)
class Step:
    """One row of the table."""

    sources: frozenset[Status]
    to: Status
    who: Who
    event: EventCode
    resolution: Resolution | None = None


TAKE = Step(frozenset({Status.NEW}), Status.OPEN, Who.AGENT, EventCode.ASSIGNED)
HOLD = Step(frozenset({Status.OPEN, Status.REPLY}), Status.REPLY, Who.ASSIGNEE, EventCode.HELD)
SOLVE = Step(
    frozenset({Status.OPEN, Status.REPLY}),
    Status.SOLVED,
    Who.ASSIGNEE,
    EventCode.SOLVED,
    resolution=Resolution.ANSWER,
)
RELEASE = Step(frozenset({Status.OPEN, Status.REPLY}), Status.NEW, Who.SYSTEM, EventCode.UNASSIGNED)
REOPEN = Step(frozenset({Status.REPLY, Status.SOLVED}), Status.OPEN, Who.SYSTEM, EventCode.REOPENED)
AUTO_COMPLETE = Step(frozenset({Status.SOLVED}), Status.CLOSED, Who.SYSTEM, EventCode.CLOSED)
COMPLETE = Step(frozenset({Status.SOLVED}), Status.CLOSED, Who.ADMINISTRATOR, EventCode.CLOSED)

ANSWERS = {Status.SOLVED: SOLVE, Status.REPLY: HOLD}
"""The two ways to answer, by the state they lead to: solve (해결) and hold (보류)."""

COMMENTABLE = frozenset(Status) - {Status.CLOSED}
"""States in which a comment may be added (TR-17)."""
