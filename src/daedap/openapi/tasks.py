"""Jobs of the Open API."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.core.jobs import job
from daedap.openapi import signatures


@app.periodic(cron="*/10 * * * *")
@job(name="openapi.tidy_signatures")
def tidy(timestamp: int = 0) -> None:
    """Every ten minutes: signatures that are expired go."""
    signatures.tidy()
