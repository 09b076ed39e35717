"""Prometheus metrics of this process."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

QUIET_ROUTES = frozenset({"healthz", "readyz", "metrics"})
"""Routes that are asked every few seconds by machines: counted, not logged."""

_requests = Counter("daedap_requests", "Requests answered", ["method", "route", "status"])
_seconds = Histogram("daedap_request_seconds", "Time to answer", ["route"])


def observe(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    _requests.labels(method, route, str(status)).inc()
    _seconds.labels(route).observe(seconds)
