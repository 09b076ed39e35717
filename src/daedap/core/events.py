"""Lower floors tell higher floors by events: one job row per subscriber, in the transaction of the change."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from daedap.core import jobs

_subscribers: dict[str, list[str]] = defaultdict(list)


def subscribe(event: str, job_name: str) -> None:
    """Have the job `job_name` run for every later `publish(event)`. Called in `AppConfig.ready`."""
    if job_name not in _subscribers[event]:
        _subscribers[event].append(job_name)


def subscribers(event: str) -> tuple[str, ...]:
    """Return the jobs that hear of `event`."""
    return tuple(_subscribers.get(event, ()))


def publish(event: str, **ids: Any) -> None:
    """Queue every subscriber of `event` with `ids`. Call inside the transaction that made the change."""
    for job_name in subscribers(event):
        jobs.defer(job_name, **ids)
