"""Who may open an attachment (spec 30, 8.4)."""

from __future__ import annotations

from daedap.files.models import StoredFile
from daedap.helpcenter.selectors import attachments_need_sign_in
from daedap.helpcenter.visitors import uploader_of
from daedap.members.selectors import get_integration
from daedap.members.sessions import current_member
from daedap.organizations.selectors import find_member_of_user
from daedap.services.access import CustomerRequest
from daedap.services.selectors import find_agent
from daedap.tickets.models import Attachment
from daedap.tickets.permissions import works_on_tickets
from daedap.tickets.selectors import find_attachment


def may_open(file: StoredFile, request: CustomerRequest) -> bool:
    """Whether this visitor may open a file of the open service, by what is set at this moment.

    An upload that no enquiry has yet is for the browser it came from. After that it is for everybody who has its
    address, or, where sign-in is required, for the customer who sent it and for agents who work on tickets.
    """
    if file.bound_at is None:
        return _came_from_here(file, request)
    if not attachments_need_sign_in():
        return file.is_public
    attachment = find_attachment(file)
    if attachment is None:
        return False
    return (file.is_public and _is_owner(attachment, file, request)) or _is_agent(attachment, request)


def _came_from_here(file: StoredFile, request: CustomerRequest) -> bool:
    uploader = uploader_of(request)
    return bool(uploader) and file.uploader == uploader


def _is_owner(attachment: Attachment, file: StoredFile, request: CustomerRequest) -> bool:
    """A member while signed in: the browser of the upload says nothing after log-out. Guests have nothing else."""
    if not attachment.is_shown_to_customer:
        return False
    if attachment.ticket.member_id is None:
        return _came_from_here(file, request)
    member = current_member(request) if get_integration(request.service).enabled else None
    return member is not None and member.pk == attachment.ticket.member_id


def _is_agent(attachment: Attachment, request: CustomerRequest) -> bool:
    user = request.user
    member = find_member_of_user(user) if user.is_authenticated else None
    agent = find_agent(member, request.service.service_id) if member is not None else None
    return agent is not None and works_on_tickets(agent, attachment.ticket)
