"""What may be refused about a ticket (spec 50, section 22: messages)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import Conflict, DaedapError, PermissionRefused


class AlreadyTaken(Conflict):
    """`ticket.already_taken`: of two takers one wins (spec 50, section 11)."""

    message = _("Another agent has already taken this ticket.")


class TicketChanged(Conflict):
    """`ticket.conflict`: the write was based on an older version (K1, K5). `facts["since"]` lists the events since."""

    message = _("Another agent has changed this ticket. Please check the latest content and process it again.")


class NotAssigned(DaedapError):
    """`ticket.not_assigned`."""

    message = _("This ticket has no assignee. Please take it first.")


class TicketClosed(DaedapError):
    """`ticket.closed`."""

    message = _("A completed ticket cannot be processed.")


class ReenquiryClosed(DaedapError):
    """The customer asked again about a closed ticket (TR-23)."""

    message = _("You cannot ask again about a completed enquiry.")


class TicketIsSpam(DaedapError):
    """`ticket.spam`."""

    message = _("A ticket in the spam box can be processed after it has been restored.")


class TransitionRefused(DaedapError):
    """The table of states knows no way from here to there (spec 50, 3.3)."""

    message = _("This is not possible in the current state of the ticket.")


class NotPermitted(PermissionRefused):
    """`ticket.no_permission`."""

    message = _("You do not have permission.")


class GroupNeeded(DaedapError):
    """The agent is in several groups and has to say for which one (spec 50, section 11)."""

    message = _("You are in several groups. Please choose one.")
    field = "group"


class NoGroup(DaedapError):
    """The agent is in no group, and an assignee needs one."""

    message = _("You are in no group yet. Please ask an administrator to add you to one.")
    field = "group"
