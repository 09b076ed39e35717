"""One family of errors: each carries a code and a message that is safe to show."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

type_of_text = str | Promise


class DaedapError(Exception):
    """A refusal that a person or a calling system can understand.

    `code` is what APIs answer (an HTTP-like number or a code of the specification), `message` is translated text that
    is safe to show, `field` names the form field it belongs to, if any.
    """

    code: int = 400
    message: type_of_text = _("The request could not be carried out.")
    field: str | None = None

    def __init__(
        self, message: type_of_text | None = None, *, field: str | None = None, code: int | None = None, **facts: Any
    ) -> None:
        self.message = message if message is not None else type(self).message
        self.field = field if field is not None else type(self).field
        self.code = code if code is not None else type(self).code
        self.facts = facts
        super().__init__(str(type(self).__name__))


class NotFound(DaedapError):
    """The object does not exist for this viewer; absent and foreign look alike (spec 10, R7)."""

    code = 404
    message = _("Not found.")


class PermissionRefused(DaedapError):
    """The viewer may know that it exists but may not do this."""

    code = 403
    message = _("You do not have permission to do this.")


class Conflict(DaedapError):
    """Somebody else changed the object meanwhile; nothing was changed."""

    code = 409
    message = _("Somebody else changed this meanwhile. Check the current content and try again.")


class TooManyAttempts(DaedapError):
    """A limit was reached; nothing was changed."""

    code = 429
    message = _("Too many attempts. Please try again later.")
