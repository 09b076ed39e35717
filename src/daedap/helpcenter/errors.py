"""What help-centre pages refuse by themselves."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import PermissionRefused


class FormTooOld(PermissionRefused):
    """The anti-forgery value is missing or not this browser's: cookies were deleted, or another site sent the form."""

    message = _("This page was open for too long, so nothing was sent.")
    hint = _("Open the page again and send it once more. If this repeats, allow cookies for this site.")


class MembersOnly(PermissionRefused):
    """Guests may not write here, or the member's session has ended meanwhile (spec 20, section 9)."""

    message = _("Only members who are logged in can send an enquiry.")
