"""Background jobs. A job is a row that commits or rolls back with the change that caused it (Procrastinate).

Jobs run at least once: a job takes ids, opens the scope, claims its row and is safe to run twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from procrastinate import BaseRetryStrategy, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.tasks import Task

from daedap.core.database import unhurried

F = TypeVar("F", bound=Callable[..., Any])

RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)


def job(
    *, name: str, queue: str = "default", retry: BaseRetryStrategy | None = RETRY
) -> Callable[[F], Task[..., Any, Any]]:
    """Declare a job. `name` is what queued rows say and never changes: `<app>.<verb>`.

    Its statements may take long, unlike a page's; a row that somebody holds ends it, and it is tried again.
    """

    def decorate(function: F) -> Task[..., Any, Any]:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:  # Any: whatever the job takes and returns
            with unhurried():
                return function(*args, **kwargs)

        return app.task(name=name, queue=queue, retry=retry or False)(run)

    return decorate


def defer(name: str, **ids: Any) -> None:
    """Queue the job `name` in the current transaction."""
    app.configure_task(name).defer(**ids)
