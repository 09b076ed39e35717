"""Everything that changes tickets. Each verb is one transaction: lock, check, change, record, publish."""

from daedap.tickets.actions.assignment import release_tickets, take_ticket
from daedap.tickets.actions.categories import create_default_category
from daedap.tickets.actions.enquiries import create_enquiry
from daedap.tickets.actions.mails import record_mail_result
from daedap.tickets.actions.processing import add_comment, answer_ticket, complete_ticket

__all__ = [
    "add_comment",
    "answer_ticket",
    "complete_ticket",
    "create_default_category",
    "create_enquiry",
    "record_mail_result",
    "release_tickets",
    "take_ticket",
]
