"""Everything that changes tickets. Each verb is one transaction: lock, check, change, record, publish."""

from daedap.tickets.actions.additions import ADDITION_LENGTH, store_addition, tidy_additions
from daedap.tickets.actions.assignment import release_tickets, take_ticket
from daedap.tickets.actions.categories import create_default_category
from daedap.tickets.actions.enquiries import create_enquiry
from daedap.tickets.actions.mails import record_mail_result
from daedap.tickets.actions.processing import add_comment, answer_ticket, complete_overdue, complete_ticket
from daedap.tickets.actions.reenquiries import ask_again

__all__ = [
    "ADDITION_LENGTH",
    "add_comment",
    "answer_ticket",
    "ask_again",
    "complete_overdue",
    "complete_ticket",
    "create_default_category",
    "create_enquiry",
    "record_mail_result",
    "release_tickets",
    "store_addition",
    "take_ticket",
    "tidy_additions",
]
