"""What is refused while a service is not in use (spec 10, 5.2)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import Conflict, PermissionRefused


class Suspended(PermissionRefused):
    """The service is suspended: nobody can use it (spec 10, 5.2)."""

    message = _("This service has been suspended.")


class NotContracted(PermissionRefused):
    """The service has no contract yet."""

    message = _("This service is not in use yet. Register its contract first.")


class ReadOnly(Conflict):
    """Settings of a service that is not in use can be read, not changed."""

    message = _("The service is not in use now; its settings can be read only.")
