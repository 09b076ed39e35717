"""Jobs about one organization, which may be deleted before they run."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from procrastinate.tasks import Task

from daedap.core.jobs import job
from daedap.organizations.models import Organization


def organization_job(*, name: str) -> Callable[[Callable[..., None]], Task[..., Any, Any]]:
    """Declare a job that takes `organization_id`.

    It ends quietly once the organization was deleted: nothing is left to do. What fails because of a deletion meanwhile
    is tried again, and ends quietly then.
    """

    def decorate(function: Callable[..., None]) -> Task[..., Any, Any]:
        @wraps(function)
        def run(*, organization_id: int, **ids: Any) -> None:
            if Organization.objects.filter(pk=organization_id).exists():
                function(organization_id=organization_id, **ids)

        return job(name=name)(run)

    return decorate
