"""A product instance of a tenant: one help desk with its languages, contract, agents and groups."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.core.actors import Actor, ActorKind
from daedap.core.crypto import EncryptedTextField
from daedap.core.scoping import OrganizationManager, ServiceManager
from daedap.files.models import StoredFile
from daedap.organizations.models import IamMember, OrganizationOwned


class ServiceType(models.IntegerChoices):
    """Types of services, with the codes of the API (spec 10, 5.1)."""

    CONSULTATION = 1, _("Consultation management")
    ISSUE = 2, _("Issue management")


class ServiceState(models.TextChoices):
    """States of a contract (spec 10, 5.2)."""

    CREATE = "create", _("Not in use")
    IN_USE = "inuse", pgettext_lazy("service state", "In use")
    PAUSED = "pause", _("Suspended")
    STOPPED = "stop", _("Terminated")


class EditorType(models.TextChoices):
    """Which editor agents write with (spec 10, 5.1)."""

    HTML = "html", _("HTML")
    TEXT = "text", _("Text")


class Service(OrganizationOwned):
    """One help desk inside an organization (서비스)."""

    service_id = models.CharField(_("Service ID"), max_length=45, editable=False)
    type = models.PositiveSmallIntegerField(_("Type"), choices=ServiceType, default=ServiceType.CONSULTATION)
    name = models.CharField(_("Service name"), max_length=100)
    state = models.CharField(_("State"), max_length=10, choices=ServiceState, default=ServiceState.CREATE)
    default_language = models.CharField(max_length=6, default="ko")
    time_zone = models.CharField(max_length=50, default="Asia/Seoul")
    editor_type = models.CharField(max_length=10, choices=EditorType, default=EditorType.HTML)
    banner = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    key = EncryptedTextField(blank=True, default="")
    contracted_at = models.DateTimeField(_("Contracted"), null=True, blank=True)
    contract_edited_on = models.DateField(null=True, blank=True)
    stopped_at = models.DateTimeField(_("Terminated"), null=True, blank=True)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    objects = OrganizationManager["Service"]()

    class Meta:
        verbose_name, verbose_name_plural = _("Service"), _("Services")
        constraints = [
            models.UniqueConstraint("organization", Lower("service_id"), name="service_id_unique_in_organization"),
            models.UniqueConstraint(fields=["organization", "name"], name="service_name_unique_in_organization"),
            models.CheckConstraint(
                condition=models.Q(service_id__regex=r"^[A-Za-z]{1,45}$"), name="service_id_letters"
            ),
            models.CheckConstraint(condition=models.Q(state__in=ServiceState.values), name="service_state_known"),
            models.CheckConstraint(
                condition=models.Q(state=ServiceState.STOPPED, stopped_at__isnull=False)
                | ~models.Q(state=ServiceState.STOPPED) & models.Q(stopped_at__isnull=True),
                name="service_stopped_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"service {self.pk}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone all dates of this service are shown in."""
        return ZoneInfo(self.time_zone)


class ServiceOwned(OrganizationOwned):
    """A row that belongs to one service and is read only inside its scope."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class ServiceLanguage(ServiceOwned):
    """One help-centre language of a service (spec 10, 5.1)."""

    code = models.CharField(max_length=6)
    name = models.CharField(max_length=50)
    order = models.PositiveSmallIntegerField(default=0)

    objects = ServiceManager["ServiceLanguage"]()

    class Meta:
        ordering = ["order", "pk"]
        constraints = [models.UniqueConstraint(fields=["service", "code"], name="service_language_once")]


class ContractItem(ServiceOwned):
    """One feature that is in the service's contract (spec 10, 5.2)."""

    code = models.CharField(max_length=30)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceManager["ContractItem"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "code"], name="contract_item_once")]


class ItemUse(OrganizationOwned):
    """The days on which an item was in a service's contract, both included; `last_day` is empty while it is.

    What charges are computed from (spec 10, 5.2 and 5.3), so it names the service without a foreign key: the row stays
    when the service is purged.
    """

    service_pk = models.BigIntegerField()
    service_name = models.CharField(max_length=100)
    service_type = models.PositiveSmallIntegerField(choices=ServiceType)
    code = models.CharField(max_length=30)
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)

    objects = OrganizationManager["ItemUse"]()

    class Meta:
        indexes = [models.Index(fields=["organization", "first_day"], name="item_use_by_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["service_pk", "code"], condition=models.Q(last_day__isnull=True), name="item_use_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")),
                name="item_use_days_in_order",
            ),
        ]


class Role(models.TextChoices):
    """Base roles inside one service, with the codes of the API (spec 10, section 1)."""

    ADMINISTRATOR = "ROLE_FRONT_ADMIN", _("Administrator")
    AGENT = "ROLE_FRONT_AGENT", _("Agent")


class Agent(ServiceOwned):
    """An IAM member who works in a service (상담원): role, channel permissions, switches (spec 10, 2.2; 55, 10)."""

    member = models.ForeignKey(IamMember, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    role = models.CharField(max_length=20, choices=Role, default=Role.AGENT)
    may_tickets = models.BooleanField(default=True)
    may_hand_over = models.BooleanField(default=False)
    may_read_access_log = models.BooleanField(default=False)
    takes_tickets = models.BooleanField(default=True)
    controls_assignment = models.BooleanField(default=False)
    tab_place = models.PositiveSmallIntegerField(default=0)  # of the service's tab among the member's, from the left
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceManager["Agent"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "member"], name="agent_once_in_service")]

    def __str__(self) -> str:
        return f"agent {self.pk}"

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR

    def as_actor(self, ip: str = "", account: str = "") -> Actor:
        """Return this agent as the actor of a change."""
        return Actor(ActorKind.AGENT, self.pk, self.name, ip, account)


class Group(ServiceOwned):
    """Agents who share work (그룹; spec 55, 11)."""

    name = models.CharField(max_length=50)
    agents = models.ManyToManyField(Agent, through="GroupMembership", related_name="groups")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceManager["Group"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="group_name_unique_in_service")]

    def __str__(self) -> str:
        return self.name


class GroupMembership(ServiceOwned):
    """An agent in a group, in the order of joining."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="memberships")
    order = models.PositiveIntegerField(default=0)

    objects = ServiceManager["GroupMembership"]()

    class Meta:
        ordering = ["order", "pk"]
        constraints = [models.UniqueConstraint(fields=["group", "agent"], name="group_membership_once")]
