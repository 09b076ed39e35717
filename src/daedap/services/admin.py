"""Services at `/operator/`: looked at, and brought back within 30 days of their termination (spec 10, 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.core.requests import client_ip
from daedap.core.scoping import organization_scope
from daedap.organizations.errors import NotEnabled
from daedap.services.contracts import recover_service
from daedap.services.models import Service

if TYPE_CHECKING:
    _ServiceAdmin = admin.ModelAdmin[Service]
else:
    _ServiceAdmin = admin.ModelAdmin


@admin.register(Service)
class ServiceAdmin(_ServiceAdmin):
    """Services of all organizations. The Key is not shown; nothing is changed here but a termination undone."""

    list_display = ("service_id", "name", "organization_name", "state", "contracted_at", "stopped_at")
    list_filter = ("state", "type")
    search_fields = ("=service_id", "name", "organization__name", "=organization__public_id")
    list_select_related = ("organization",)
    ordering = ("-created_at",)
    fields = readonly_fields = (
        "organization_name",
        "service_id",
        "type",
        "name",
        "state",
        "created_at",
        "contracted_at",
        "stopped_at",
    )
    actions = ("recover",)

    @admin.display(description=_("Organization"), ordering="organization__name")
    def organization_name(self, service: Service) -> str:
        return service.organization.name

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        return Service._base_manager.all()  # noqa: SLF001  operators see every tenant's services

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Bring terminated services back"))
    def recover(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        """Bring them back as suspended; their administrators put them into use again."""
        if not request.user.is_superuser:
            raise Http404
        actor = request.user.as_actor(client_ip(request))
        for service in queryset:
            try:
                with organization_scope(service.organization_id):
                    recover_service(service_pk=service.pk, actor=actor)
            except NotEnabled:
                words = gettext("%(name)s: enable Online Contact of the organization first.") % {"name": service.name}
                self.message_user(request, words, messages.WARNING)
            except DaedapError:
                words = gettext("%(name)s is not terminated.") % {"name": service.name}
                self.message_user(request, words, messages.WARNING)
            else:
                words = gettext("%(name)s is back, suspended.") % {"name": service.name}
                self.message_user(request, words)
