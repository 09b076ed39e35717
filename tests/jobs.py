"""Running queued jobs inside a test, in the test's own database connection."""

from __future__ import annotations

from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


def queued(name: str | None = None) -> list[ProcrastinateJob]:
    """Return the jobs waiting to run, oldest first; only those called `name` if given."""
    jobs = ProcrastinateJob.objects.filter(status="todo").order_by("pk")
    return list(jobs.filter(task_name=name) if name else jobs)


def run_jobs(limit: int = 100) -> int:
    """Run waiting jobs, and those they queue, one after the other; return how many ran. Errors reach the test."""
    from django.db import connection

    ran = 0
    while (waiting := queued()) and ran < limit:
        job = waiting[0]
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_events WHERE job_id = %s", [job.pk])
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job.pk])
        app.tasks[job.task_name].func(**job.args)
        ran += 1
    return ran
