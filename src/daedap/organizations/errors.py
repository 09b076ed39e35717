"""What organizations, their domains and members refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError


class NameRefused(DaedapError):
    """The name of an organization breaks a rule or is taken (spec 10, 4.2)."""

    field = "name"
    message = _("This organization name cannot be used.")


class PaymentMethodMissing(DaedapError):
    """No payment method: nothing can be founded or enabled (spec 10, 4.3)."""

    code = 70024
    message = _("Register a payment method first.")


class QuotaReached(DaedapError):
    """The member owns as many organizations as the installation allows (spec 10, 4.3)."""

    message = _("You cannot create any more organizations.")


class DomainRefused(DaedapError):
    """The domain breaks a rule, is reserved or taken; nothing was stored (spec 10, step 6)."""

    field = "domain"


class IamMemberRefused(DaedapError):
    """ID, name or e-mail of an IAM member break a rule; the code is the platform's (spec 10, step 7)."""


class OwnerMissing(DaedapError):
    """Not exactly one registered IAM member is ticked as OWNER (spec 10, 7.4)."""

    field = "owner"
    message = _("Tick exactly one IAM member as OWNER.")


class AlreadyEnabled(DaedapError):
    """Online Contact is enabled for this organization already (spec 10, step 5)."""

    code = 13002
    message = _("Online Contact is already in use in this organization.")


class OwnerKept(DaedapError):
    """The OWNER cannot be removed while the mark is theirs (spec 10, 7.3)."""

    code = 409
    message = _("The OWNER cannot be removed. Make somebody else OWNER first.")


class NotTyped(DaedapError):
    """Something that cannot be undone was not confirmed by typing what it concerns; nothing was changed."""

    field = "typed"
    message = _("Type it exactly as shown to confirm.")


class NotEnabled(DaedapError):
    """Online Contact is not enabled for this organization."""

    code = 409
    message = _("Online Contact is not in use in this organization.")


class StillUsed(DaedapError):
    """A service is in use or suspended: Online Contact cannot be disabled (spec 10, 2.3)."""

    code = 409
    message = _("Terminate every service in Online Contact first.")


class StillEnabled(DaedapError):
    """A product is enabled: the organization cannot be deleted (spec 10, 4.4)."""

    code = 409
    message = _("Disable Online Contact first.")


class ConsoleMemberRefused(DaedapError):
    """A platform member cannot be added to the console, or the role cannot be given (spec 10, 7.3)."""


class CreatorKept(ConsoleMemberRefused):
    """The creator's own role can neither be changed nor taken away (spec 10, 2.3)."""

    code = 22013
    message = _("The role of the organization's creator cannot be changed.")
