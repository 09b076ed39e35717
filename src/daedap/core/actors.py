"""Who does something: passed to every action as an argument, stored with what was done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """The kinds of actors that records know."""

    PLATFORM_MEMBER = "platform_member"
    IAM_MEMBER = "iam_member"
    AGENT = "agent"
    MEMBER = "member"
    GUEST = "guest"
    API = "api"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """One actor. `id` is the row of its kind (None for guest and system), `ip` the address of the request, if any.

    `account` is what the person signed in with, where somebody signed in.
    """

    kind: ActorKind
    id: int | None = None
    name: str = ""
    ip: str = ""
    account: str = ""


SYSTEM = Actor(ActorKind.SYSTEM)
