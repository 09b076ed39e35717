"""Jobs about one service, which may be gone before they run."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from procrastinate.tasks import Task

from daedap.core.jobs import job
from daedap.core.scoping import service_scope
from daedap.services.models import Service


def service_job(*, name: str) -> Callable[[Callable[..., None]], Task[..., Any, Any]]:
    """Declare a job that takes `organization_id` and `service_id`, and runs in the scope of the service.

    It ends quietly once the service or its organization was deleted: nothing is left to do. What fails because of a
    deletion meanwhile is tried again, and ends quietly then.
    """

    def decorate(function: Callable[..., None]) -> Task[..., Any, Any]:
        @wraps(function)
        def run(*, organization_id: int, service_id: int, **ids: Any) -> None:
            services = Service._base_manager.filter(pk=service_id, organization_id=organization_id)  # noqa: SLF001  no scope yet
            if services.filter(organization__deleted_at=None).exists():
                with service_scope(organization_id, service_id):
                    function(organization_id=organization_id, service_id=service_id, **ids)

        return job(name=name)(run)

    return decorate
