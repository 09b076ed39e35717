"""Jobs of the audit records."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.audit import actions
from daedap.core.jobs import job


@app.periodic(cron="52 3 * * *")
@job(name="audit.purge_permission_changes")
def purge_permission_changes(timestamp: int = 0) -> None:
    """Every night: rows of the permission-change log that were kept for three years go."""
    actions.purge_permission_changes()
