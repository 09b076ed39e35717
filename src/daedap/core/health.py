"""What machines ask: does the process answer, can it work, and how much does it do? Asked on any host."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from daedap.core.models import MailStatus, OutgoingMail

WORKER_SILENCE = timedelta(seconds=60)

logger = logging.getLogger(__name__)
_jobs = Gauge("daedap_jobs", "Jobs by state", ["queue", "status"])
_mails = Gauge("daedap_outgoing_mails", "Outgoing mails that are not sent yet", ["status"])
_parts: dict[str, Callable[[], bool]] = {}
_helpers: dict[str, Callable[[], bool]] = {}
_migrated = False  # migrations do not become unapplied while a process runs


def watch(name: str, is_well: Callable[[], bool]) -> None:
    """Have `/readyz` name a part of this process, without which it cannot work, while it is not well."""
    _parts[name] = is_well


def watch_helper(name: str, is_well: Callable[[], bool]) -> None:
    """Have `/readyz` name somebody all processes ask, while they are not well. It stays 200: another is no better."""
    _helpers[name] = is_well


def unwatch(name: str) -> None:
    """Forget a part that `watch` was told of."""
    _parts.pop(name, None)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether work can be done; 503 names what is missing: `database`, `migrations`, `worker` or `edge`.

    `impaired` names what is missing for some of the work only: `virus_scanner`.
    """
    failing = _failing() + [name for name, is_well in _parts.items() if not is_well()]
    impaired = [name for name, is_well in _helpers.items() if not is_well()]
    return JsonResponse(
        {"status": "failing" if failing else "ok", "failing": failing, "impaired": impaired},
        status=503 if failing else 200,
        headers={"Cache-Control": "no-store"},
    )


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the figures of this process and of the queues, in Prometheus' words, to who may see them."""
    if not _may_see_metrics(request):
        return HttpResponse("Ask from this machine, or send the token.\n", status=403, content_type="text/plain")
    try:
        _measure_queues()
    except DatabaseError:
        _jobs.clear()
        _mails.clear()
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _failing() -> list[str]:
    try:
        if not _is_migrated():
            return ["migrations"]
        since = timezone.now() - WORKER_SILENCE
        return [] if ProcrastinateWorker.objects.filter(last_heartbeat__gte=since).exists() else ["worker"]
    except DatabaseError:
        return ["database"]


def _is_migrated() -> bool:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _may_see_metrics(request: HttpRequest) -> bool:
    """The token, if one is set; else the machine itself, and not a proxy on it that speaks for others."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _measure_queues() -> None:
    _jobs.clear()
    for row in ProcrastinateJob.objects.values("queue_name", "status").annotate(rows=Count("*")):
        _jobs.labels(row["queue_name"], row["status"]).set(row["rows"])
    _mails.clear()
    for mail in OutgoingMail.objects.exclude(status=MailStatus.SENT).values("status").annotate(rows=Count("*")):
        _mails.labels(mail["status"]).set(mail["rows"])
