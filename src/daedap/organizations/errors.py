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
