"""Deleting a service with everything in it, for good."""

from __future__ import annotations

from django.apps import apps
from django.db import connection, models

from daedap.files.actions import delete_files_of_service
from daedap.services.models import Service, ServiceOwned


def list_owned_models() -> list[type[models.Model]]:
    """Return the models whose rows belong to one service, of all apps."""
    return [model for model in apps.get_models() if issubclass(model, ServiceOwned)]


def remove_service(service: Service) -> None:
    """Delete the service and its rows. Call inside the transaction that recorded why. The logs and charges stay.

    One statement per table: loading a million tickets to delete them one by one, as a cascade does, would not end.
    Foreign keys are checked when the transaction ends, so the order does not matter, and nothing can be forgotten.
    """
    for model in list_owned_models():
        rows = model._base_manager.filter(service_id=service.pk)  # noqa: SLF001  the scope may be the operator's
        rows._raw_delete(connection.alias)  # noqa: SLF001  no cascade, as said
    delete_files_of_service(organization_id=service.organization_id, service_id=service.pk)
    Service._base_manager.filter(pk=service.pk)._raw_delete(connection.alias)  # noqa: SLF001  as above
