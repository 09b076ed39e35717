"""The tenant: organization, domain, Key, and its IAM members."""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import SecondFactor
from daedap.core.crypto import EncryptedTextField
from daedap.core.hosts import organization_url
from daedap.core.scoping import OrganizationManager


def name_key(name: str) -> str:
    """Return what two organization names are compared by: trimmed, NFC, case-folded (spec 10, 4.2)."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


class LivingOrganizations(models.Manager["Organization"]):
    """Organizations that are there. A deleted one is a row only until its own rows are cleared away."""

    def get_queryset(self) -> models.QuerySet[Organization]:
        return super().get_queryset().filter(deleted_at=None)


class Organization(models.Model):
    """The tenant (조직). Not scoped itself: hosts and people with a role in the console find it."""

    public_id = models.CharField(_("Organization ID"), max_length=16, unique=True, editable=False)
    name = models.CharField(_("Organization name"), max_length=70)
    name_key = models.CharField(max_length=140, unique=True, editable=False)
    domain = models.CharField(_("Domain"), max_length=40, unique=True, null=True, blank=True)  # NULL = none yet
    key = EncryptedTextField(blank=True, default="")
    key_changed_at = models.DateTimeField(null=True, blank=True)
    key_used_at = models.DateTimeField(null=True, blank=True)  # to the minute; keys.note_use writes it
    key_cut_at = models.DateTimeField(null=True, blank=True)
    """When a key last lost its worth at once, by somebody's decision; a key that runs out cuts nobody off."""
    old_key = EncryptedTextField(blank=True, default="")
    old_key_until = models.DateTimeField(null=True, blank=True)
    old_key_used_at = models.DateTimeField(null=True, blank=True)
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="organizations")
    activated_at = models.DateTimeField(_("Online Contact enabled"), null=True, blank=True)
    first_activated_at = models.DateTimeField(null=True, blank=True, editable=False)  # set when it is disabled
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    objects = LivingOrganizations()

    allowed_addresses: list[str] | None = None
    """From where staff may come (IP ACL), when found by domain; None = from anywhere."""

    class Meta:
        verbose_name, verbose_name_plural = _("Organization"), _("Organizations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(domain__isnull=True) | models.Q(domain=Lower("domain")),
                name="organization_domain_lower_case",
            ),
            models.CheckConstraint(
                condition=models.Q(activated_at__isnull=True) | models.Q(domain__isnull=False),
                name="organization_active_has_domain",
            ),
            models.CheckConstraint(
                condition=models.Q(deleted_at__isnull=True) | models.Q(domain__isnull=True, activated_at__isnull=True),
                name="organization_deleted_is_unreachable",
            ),
        ]

    def __str__(self) -> str:
        return f"organization {self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether Online Contact is enabled (spec 10, step 8)."""
        return self.activated_at is not None

    @property
    def has_old_key(self) -> bool:
        """Whether the key before the current one is still valid (spec 10, 5.4)."""
        return bool(self.old_key) and self.old_key_until is not None and timezone.now() < self.old_key_until

    @property
    def has_been_active(self) -> bool:
        """Whether Online Contact is or ever was enabled: its members may have left their names on something."""
        return self.is_active or self.first_activated_at is not None

    @property
    def url(self) -> str:
        """The OC URL, or "" while there is no domain (spec 10, 6.4)."""
        return organization_url(self.domain) if self.domain else ""


class RetiredDomain(models.Model):
    """A domain that was in use and is kept from everybody but its former owner for a while (spec 10, 6.5)."""

    domain = models.CharField(max_length=40, unique=True)
    former_owner_id = models.BigIntegerField()  # the organization's, which may itself be gone
    free_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(domain=Lower("domain")), name="retired_domain_lower_case"),
        ]


class OrganizationOwned(models.Model):
    """A row that belongs to one organization and is read only inside its scope."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class MemberStatus(models.TextChoices):
    """Status of an IAM member (spec 10, 7.1)."""

    MEMBER = "member", _("Member")
    LEFT = "leaved", _("Left")


class CreationType(models.TextChoices):
    """How an IAM member came to be; the misspelling is the source's (spec 10, 7.1)."""

    REGISTERED = "registred", _("Registered")
    INVITED = "invited", _("Invited")


class IamMember(OrganizationOwned):
    """An account valid only inside one organization (IAM 멤버). Sign-in ID, name and e-mail are the user's."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="iam_member")
    status = models.CharField(max_length=10, choices=MemberStatus, default=MemberStatus.MEMBER)
    creation_type = models.CharField(max_length=10, choices=CreationType, default=CreationType.REGISTERED)
    is_owner = models.BooleanField(default=False)
    is_administrator = models.BooleanField(default=False)
    administrator_added_at = models.DateTimeField(null=True, blank=True)
    administrator_added_by = models.CharField(max_length=60, blank=True)  # the name at that time
    mobile_country = models.CharField(max_length=2, blank=True)
    mobile = models.CharField(max_length=20, blank=True)  # E.164
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationManager["IamMember"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=models.Q(is_owner=True), name="organization_one_owner"
            ),
            models.CheckConstraint(
                condition=models.Q(is_owner=False) | models.Q(status=MemberStatus.MEMBER), name="owner_is_member"
            ),
        ]

    def __str__(self) -> str:
        return f"IAM member {self.pk}"

    @property
    def manages_organization(self) -> bool:
        """OWNER implicitly holds all rights of an organization administrator (spec 10, 2.1)."""
        return self.is_owner or self.is_administrator

    @property
    def is_invited(self) -> bool:
        """Whether an invitation waits for the invitee's password: shown as "초대 중" (spec 10, 5.5)."""
        return self.creation_type == CreationType.INVITED and self.user.password_set_at is None


class ConsoleRole(models.TextChoices):
    """What a platform member may do in the console of an organization (spec 10, 2.3)."""

    OWNER = "OWNER", "OWNER"
    ADMIN = "ADMIN", "ADMIN"
    ORG_MEMBER_ADMIN = "ORG_MEMBER_ADMIN", "ORG_MEMBER_ADMIN"
    MEMBER = "MEMBER", "MEMBER"
    NONE = "NONE", "NONE"


class ConsoleMember(OrganizationOwned):
    """A platform member who was added to the console of somebody else's organization. Its creator has no row."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="console_roles")
    role = models.CharField(max_length=20, choices=ConsoleRole, default=ConsoleRole.NONE)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationManager["ConsoleMember"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="console_member_once"),
            models.CheckConstraint(condition=models.Q(role__in=ConsoleRole.values), name="console_member_role_known"),
        ]

    def __str__(self) -> str:
        return f"console member {self.pk}"


def _number(lowest: int, highest: int, default: int) -> models.PositiveSmallIntegerField[int, int]:
    return models.PositiveSmallIntegerField(
        default=default, validators=[MinValueValidator(lowest), MaxValueValidator(highest)]
    )


class SessionType(models.TextChoices):
    """What the life of a session counts from (spec 10, 4.4)."""

    IDLE = "idle", _("From the last activity")
    FIXED = "fixed", _("From log-in")


class LoginSecurity(OrganizationOwned):
    """How IAM members sign in and from where (spec 10, 4.4). An organization without a row has the defaults here."""

    limits_attempts = models.BooleanField(default=True)
    max_attempts = _number(1, 10, 5)
    lock_minutes = _number(1, 1440, 10)
    sessions_at_once = _number(1, 10, 2)
    minutes_pc = _number(10, 1440, 60)
    minutes_mobile = _number(10, 1440, 60)
    session_type = models.CharField(max_length=5, choices=SessionType, default=SessionType.IDLE)
    limits_addresses = models.BooleanField(default=False)
    addresses = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    second_factor = models.CharField(max_length=5, choices=SecondFactor, default=SecondFactor.NONE)
    excepts_addresses = models.BooleanField(default=False)
    excepted_addresses = ArrayField(models.CharField(max_length=50), default=list, blank=True)

    objects = OrganizationManager["LoginSecurity"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="login_security_once"),
            models.CheckConstraint(
                condition=models.Q(
                    max_attempts__range=(1, 10),
                    lock_minutes__range=(1, 1440),
                    sessions_at_once__range=(1, 10),
                    minutes_pc__range=(10, 1440),
                    minutes_mobile__range=(10, 1440),
                    session_type__in=SessionType.values,
                    second_factor__in=SecondFactor.values,
                ),
                name="login_security_ranges",
            ),
        ]


class PolicyStart(models.TextChoices):
    """When changed password rules begin to count; the values are the source's (spec 10, 4.3)."""

    ON_CHANGE = "onChangePassword", _("When a password is changed")
    AT_SIGN_IN = "onLogin", _("At the next log-in")


class PasswordPolicy(OrganizationOwned):
    """The organization's own password rules (사용자 정책); they count while `is_custom` (spec 10, 4.3)."""

    is_custom = models.BooleanField(default=False)
    minimum = _number(8, 15, 10)
    needs_upper = models.BooleanField(default=True)
    needs_lower = models.BooleanField(default=True)
    needs_digit = models.BooleanField(default=True)
    needs_special = models.BooleanField(default=True)
    refuses_runs = models.BooleanField(default=True)
    expires = models.BooleanField(default=True)
    expiry_days = _number(1, 365, 90)
    may_extend = models.BooleanField(default=True)
    reuse = _number(0, 3, 1)
    starts = models.CharField(max_length=16, choices=PolicyStart, default=PolicyStart.ON_CHANGE)

    objects = OrganizationManager["PasswordPolicy"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="password_policy_once"),
            models.CheckConstraint(
                condition=models.Q(
                    minimum__range=(8, 15),
                    expiry_days__range=(1, 365),
                    reuse__range=(0, 3),
                    starts__in=PolicyStart.values,
                ),
                name="password_policy_ranges",
            ),
        ]
