"""Jobs of uploaded files."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.core.jobs import job
from daedap.files import actions


@app.periodic(cron="23 * * * *")
@job(name="files.purge_unbound")
def purge_unbound(timestamp: int = 0) -> None:
    """Every hour: uploads that belong to nothing after 24 hours go."""
    actions.purge_unbound_files()


@app.periodic(cron="41 3 * * *")
@job(name="files.sweep_orphans")
def sweep_orphans(timestamp: int = 0) -> None:
    """Every night: bytes that no row names go."""
    actions.sweep_orphans()
