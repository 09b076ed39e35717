"""Enquiries as tickets: categories, the ticket, its history and its events (spec 50)."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from markupsafe import Markup

from daedap.core import html
from daedap.core.crypto import EncryptedTextField
from daedap.core.scoping import ServiceManager
from daedap.files.models import StoredFile
from daedap.members.models import Member
from daedap.services.models import Agent, Group, Service, ServiceOwned


class Category(ServiceOwned):
    """A receipt category (접수유형), 1–5 levels deep (spec 55, section 3)."""

    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    level = models.PositiveSmallIntegerField(default=1)
    order = models.PositiveIntegerField(default=0)
    is_offered = models.BooleanField(default=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceManager["Category"]()

    class Meta:
        ordering = ["level", "order", "pk"]
        constraints = [models.CheckConstraint(condition=models.Q(level__range=(1, 5)), name="category_level_1_to_5")]

    def __str__(self) -> str:
        return f"category {self.pk}"


class CategoryName(ServiceOwned):
    """The name of a category in one help-centre language."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="names")
    language = models.CharField(max_length=6)
    name = models.CharField(max_length=100)

    objects = ServiceManager["CategoryName"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["category", "language"], name="category_name_once")]


class Status(models.TextChoices):
    """Base states of a ticket, as agents read them (spec 50, 3.1)."""

    NEW = "new", _("Unassigned")
    OPEN = "open", _("In progress")
    REPLY = "reply", _("On hold")
    SOLVED = "solved", _("Solved")
    CLOSED = "closed", _("Closed")


CUSTOMER_STATUS_LABELS = {
    Status.NEW: pgettext_lazy("to the customer", "Received"),
    Status.OPEN: pgettext_lazy("to the customer", "Reviewing"),
    Status.REPLY: pgettext_lazy("to the customer", "Needs more information"),
    Status.SOLVED: pgettext_lazy("to the customer", "Answered"),
    Status.CLOSED: pgettext_lazy("to the customer", "Completed"),
}
"""What the customer reads for each base state (spec 30, section 9)."""


class Priority(models.TextChoices):
    """Priorities (spec 50, section 2)."""

    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


class Source(models.TextChoices):
    """Channels a ticket came by (spec 50, section 4)."""

    WEB = "web", _("Help centre (PC)")
    MOBILE_WEB = "spweb", _("Help centre (mobile)")
    API = "api", _("API")
    MAIL = "mail", _("E-mail")
    CHAT = "chat", _("Chat")
    CALL = "call", _("Phone")
    CREATED = "created", _("Created by an agent")


CUSTOMER_SOURCES = (Source.WEB, Source.MOBILE_WEB, Source.API)
"""Channels whose tickets a customer finds in the help centre (spec 40)."""


class Resolution(models.TextChoices):
    """How a solved ticket was solved."""

    ANSWER = "answer", _("Answered")
    INTERNAL = "internal", _("Resolved internally")


class Ticket(ServiceOwned):
    """One customer enquiry, from the first message to the final answer (spec 50, section 2)."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    ticket_id = models.CharField(max_length=19, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW)
    resolution = models.CharField(max_length=10, choices=Resolution, blank=True)
    internal_reason = models.CharField(max_length=20, blank=True)
    is_spam = models.BooleanField(default=False)
    subject = models.CharField(max_length=255)
    content = models.TextField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    assignee = models.ForeignKey(
        Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    source = models.CharField(max_length=12, choices=Source, default=Source.WEB)
    language = models.CharField(max_length=6, default="ko")
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    customer_name = models.CharField(max_length=100, blank=True)
    customer_email = EncryptedTextField(blank=True, default="")
    customer_email_hash = models.CharField(max_length=64, blank=True)
    customer_phone = EncryptedTextField(blank=True, default="")
    user_fields = models.JSONField(default=dict, blank=True)
    consent_at = models.DateTimeField(null=True, blank=True)
    consent_text_hash = models.CharField(max_length=64, blank=True)
    consent_language = models.CharField(max_length=10, blank=True)
    form_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULL = came by no form
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True, blank=True)
    first_replied_at = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    last_customer_at = models.DateTimeField(null=True, blank=True)

    objects = ServiceManager["Ticket"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket_id"], name="ticket_id_once"),
            models.UniqueConstraint(fields=["service", "form_id"], name="ticket_form_sent_once"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="ticket_status_known"),
            models.CheckConstraint(
                condition=models.Q(assignee__isnull=True) | models.Q(group__isnull=False),
                name="ticket_assignee_has_group",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=Status.NEW) | models.Q(assignee__isnull=True),
                name="ticket_new_is_unassigned",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=Status.SOLVED) | models.Q(solved_at__isnull=False),
                name="ticket_solved_has_time",
            ),
        ]
        # Lists are read in the order of the index, and the counts of the menus from the indexes alone. They serve the
        # foreign keys too, which therefore have none of their own.
        indexes = [
            models.Index(
                fields=["service", "-updated_at", "-id"],
                include=["created_at"],
                condition=models.Q(is_spam=False),
                name="ticket_list",
            ),
            models.Index(
                fields=["service", "status", "-updated_at", "-id"],
                condition=models.Q(is_spam=False),
                name="ticket_by_status",
            ),
            models.Index(
                fields=["assignee", "status", "-updated_at", "-id"], include=["is_spam"], name="ticket_by_assignee"
            ),
            models.Index(fields=["member", "-updated_at", "-id"], name="ticket_by_member"),
            models.Index(fields=["solved_at"], condition=models.Q(status="solved"), name="ticket_to_complete"),
        ]

    def __str__(self) -> str:
        return self.ticket_id

    @property
    def customer_status_label(self) -> str:
        """The status in the customer's words."""
        return str(CUSTOMER_STATUS_LABELS[Status(self.status)])

    @property
    def was_asked_again(self) -> bool:
        """Whether the customer has written since the last answer and waits: the dot in lists (spec 50, section 7)."""
        waits = self.status in (Status.NEW, Status.OPEN)
        return waits and self.last_customer_at is not None and self.last_customer_at > self.created_at

    @property
    def additional_data(self) -> Addition | None:
        """What the company said about the customer before the enquiry, if anything; select_related("addition")."""
        return getattr(self, "addition", None)

    @property
    def content_html(self) -> Markup:
        """The enquiry as safe HTML: it is plain text, so paragraphs and line breaks are all there is."""
        return Markup(html.from_text(self.content))  # noqa: S704  escaped by from_text


ADDITION_LIFETIME = timedelta(hours=24)
"""How long additional data wait for their enquiry (spec 30, 8.6)."""


class Addition(ServiceOwned):
    """What a company says about a customer (spec 30, 8.6): it waits for an enquiry or is kept with its ticket."""

    id_hash = models.CharField(max_length=64, editable=False)
    content = EncryptedTextField()
    is_visible = models.BooleanField(default=False)
    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, null=True, blank=True, related_name="addition")
    created_at = models.DateTimeField()

    objects = ServiceManager["Addition"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["id_hash"], name="addition_id_once")]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(ticket__isnull=True), name="addition_unused"),
        ]

    def __str__(self) -> str:
        return f"addition {self.pk}"


class EntryType(models.TextChoices):
    """Types of history entries (spec 50, section 2)."""

    ENDUSER = "enduser", _("Question")
    REPLY = "reply", _("Answer")
    COMMENT = "comment", _("Comment")
    INTERNAL = "internal", _("Internal resolution")


CUSTOMER_ENTRY_TYPES = (EntryType.ENDUSER, EntryType.REPLY)
"""Entries a customer may see."""


class MailState(models.TextChoices):
    """Whether the answer left by mail."""

    NONE = "none", _("No mail")
    QUEUED = "queued", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Sending failed")
    NO_ADDRESS = "noaddress", _("No address")


class Entry(ServiceOwned):
    """One entry of a ticket's consultation history (상담처리내역). `body` is HTML, cleaned on the way in and out."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="entries")
    type = models.CharField(max_length=10, choices=EntryType)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=100, blank=True)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status)
    mail_state = models.CharField(max_length=10, choices=MailState, default=MailState.NONE)
    request_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULL = not from a form
    created_at = models.DateTimeField()

    objects = ServiceManager["Entry"]()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["ticket", "request_id"], name="entry_request_once")]

    @property
    def safe_body(self) -> Markup:
        """The entry as safe HTML, cleaned once more on the way out: show this, never `body`."""
        return Markup(html.clean(self.body))  # noqa: S704  cleaned


class Attachment(ServiceOwned):
    """A stored file that belongs to a ticket's first message (`entry` empty) or to an entry."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="attachments")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments")
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")

    objects = ServiceManager["Attachment"]()

    @property
    def is_shown_to_customer(self) -> bool:
        """Whether the ticket's customer sees it in the enquiry list; a comment's file is for staff, spam for nobody."""
        of_theirs = self.entry is None or self.entry.type in CUSTOMER_ENTRY_TYPES
        return of_theirs and self.ticket.source in CUSTOMER_SOURCES and not self.ticket.is_spam


class EventCode(models.TextChoices):
    """What happened to a ticket (spec 50, section 15)."""

    CREATED = "CREATED", _("Ticket created")
    ASSIGNED = "ASSIGNED", _("Assignee set")
    UNASSIGNED = "UNASSIGNED", _("Assignment released")
    HELD = "HELD", _("Put on hold")
    SOLVED = "SOLVED", _("Solved")
    CLOSED = "CLOSED", _("Completed")
    COMMENTED = "COMMENTED", _("Comment added")
    REENQUIRED = "REENQUIRED", _("Customer asked again")
    REOPENED = "REOPENED", _("Back in progress")
    MAIL_SENT = "MAIL_SENT", _("Mail sent")
    MAIL_FAILED = "MAIL_FAILED", _("Mail not sent")


class TicketEvent(ServiceOwned):
    """One line of the events tab (이벤트). Append-only; never holds contents, addresses or numbers."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="events")
    code = models.CharField(max_length=30, choices=EventCode)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_name = models.CharField(max_length=100, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    objects = ServiceManager["TicketEvent"]()

    class Meta:
        ordering = ["created_at", "pk"]
