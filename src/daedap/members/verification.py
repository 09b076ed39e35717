"""The call to the company's Token verification URL (spec 20, 6.4, 6.5, 6.10).

Runs in an event loop and holds neither a thread nor a database connection while it waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.conf import settings

from daedap.core.outbound import Concurrency, Kind, OutboundClient, OutboundError, OutboundPolicy
from daedap.members.tokens import Reason, TokenRefused, read_verification

SLOW_SECONDS = 2.0

CALLS_AT_ONCE = 300
"""Calls in flight to one service's URL, per process. Spec 20, 6.4 says 20; the budget of entries (design, section 5)
wants 300 while the URL takes a second, and one mailing to members opens that many links at once (docs/adr/0007)."""

WAIT_SECONDS = 1.0
"""How long one more waits for a place before it is refused as `verify_busy`."""

REASON_OF = {
    Kind.BLOCKED_ADDRESS: Reason.VERIFY_BLOCKED_ADDRESS,
    Kind.TIMEOUT: Reason.VERIFY_TIMEOUT,
    Kind.NETWORK: Reason.VERIFY_NETWORK,
    Kind.TLS: Reason.VERIFY_TLS,
    Kind.TOO_LARGE: Reason.VERIFY_BAD_JSON,
    Kind.BUSY: Reason.VERIFY_BUSY,
}

logger = logging.getLogger(__name__)


class Question(NamedTuple):
    """What is asked of one service's verification URL. Equal questions in flight share one call."""

    service_pk: int
    url: str
    usercode: str
    token: str

    def __repr__(self) -> str:  # never in a log
        return f"Question(service {self.service_pk})"


def outbound_policy() -> OutboundPolicy:
    """Return what this installation permits beyond public https addresses."""
    allowed = settings.ALLOW_PRIVATE_CALLBACKS
    return OutboundPolicy(allow_private=allowed, allow_http=allowed, networks=settings.ALLOWED_CALLBACK_NETWORKS)


def outbound_client() -> OutboundClient:
    """Return the guarded client that asks; tests put another resolver in its place."""
    return OutboundClient(outbound_policy())


class Verifier:
    """Asks verification URLs, for one event loop."""

    def __init__(self) -> None:
        self._concurrency = Concurrency(limit=CALLS_AT_ONCE, wait=WAIT_SECONDS)
        self._running: dict[Question, asyncio.Task[Reason | None]] = {}

    async def ask(self, question: Question) -> Reason | None:
        """Return None if the answer says that this very user is logged in, else why not."""
        task = self._running.get(question)
        if task is None:
            task = asyncio.create_task(self._ask(question))
            self._running[question] = task
            task.add_done_callback(lambda _done: self._forget(question))
        return await asyncio.shield(task)  # one visitor who leaves does not end it for the others

    def _forget(self, question: Question) -> None:
        self._running.pop(question, None)

    async def _ask(self, question: Question) -> Reason | None:
        try:
            async with self._concurrency.slot(question.service_pk):
                await self._call(question)
        except OutboundError as error:
            return REASON_OF[error.kind]
        except TokenRefused as refused:
            return refused.reason
        return None

    async def _call(self, question: Question) -> None:
        started = time.perf_counter()
        try:
            params = [("usercode", question.usercode), ("token", question.token)]
            answer = await outbound_client().get(question.url, params)
        finally:
            seconds = time.perf_counter() - started
            if seconds > SLOW_SECONDS:
                facts = {"service_pk": question.service_pk, "milliseconds": round(seconds * 1000)}
                logger.info("member.verify.slow", extra=facts)
        read_verification(answer.status, answer.body, question.usercode)


_verifiers: WeakKeyDictionary[asyncio.AbstractEventLoop, Verifier] = WeakKeyDictionary()


async def ask(question: Question) -> Reason | None:
    """Return None if the company confirms the token for this very user, else why not."""
    return await _verifiers.setdefault(asyncio.get_running_loop(), Verifier()).ask(question)
