"""Sign-in identities, their one-time links, and what platform members told us at sign-up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from daedap.core.actors import Actor, ActorKind
from daedap.core.crypto import EncryptedTextField

PLATFORM = ""
"""The realm of platform members. Every other realm is an organization ID."""


class UserManager(BaseUserManager["User"]):
    """Finds identities by realm and login ID, never by login ID alone."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(realm=PLATFORM, login_id=(username or "").lower())

    def create_user(self, *, realm: str, login_id: str, password: str | None = None, **facts: Any) -> User:
        """Create an identity. Without a password it cannot sign in until one is set by a link."""
        user = self.model(realm=realm, login_id=login_id.lower(), **facts)
        user.set_password(password)
        if password is not None:
            user.password_set_at = timezone.now()
        user.save(using=self._db)
        return user

    def create_superuser(self, login_id: str, password: str | None = None, **facts: Any) -> User:
        """Create an operator of the installation (Django's `createsuperuser`)."""
        facts.setdefault("email", login_id)
        return self.create_user(
            realm=PLATFORM, login_id=login_id, password=password, is_staff=True, is_superuser=True, **facts
        )


class User(AbstractBaseUser, PermissionsMixin):
    """One identity that can sign in. The host picks the realm, so the two kinds never mix (spec 10, L4).

    `login_id` is stored lower-cased: the e-mail address of a platform member, the ID of an IAM member.
    """

    realm = models.CharField(_("Organization ID (empty: platform)"), max_length=16, blank=True, default=PLATFORM)
    login_id = models.CharField(_("Account"), max_length=254)
    name = models.CharField(_("Name"), max_length=60)
    email = models.EmailField(_("E-mail"), max_length=254)
    language = models.CharField(_("Language"), max_length=6, default="ko")
    is_active = models.BooleanField(_("May log in"), default=True)
    is_staff = models.BooleanField(_("May use the operator site"), default=False)
    password_set_at = models.DateTimeField(null=True, blank=True)
    password_extended_at = models.DateTimeField(null=True, blank=True)  # "change later": it expires from here on
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "login_id"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name, verbose_name_plural = _("Account"), _("Accounts")
        constraints = [
            models.UniqueConstraint(fields=["realm", "login_id"], name="user_unique_in_realm"),
            models.CheckConstraint(condition=models.Q(login_id=Lower("login_id")), name="user_login_id_lower_case"),
            models.CheckConstraint(
                condition=models.Q(realm=PLATFORM) | models.Q(is_staff=False, is_superuser=False),
                name="user_operator_is_platform",
            ),
        ]

    def __str__(self) -> str:
        return f"user {self.pk}"

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def is_platform(self) -> bool:
        return self.realm == PLATFORM

    def get_session_auth_hash(self) -> str:
        """Return what an open session must carry: a new password ends it, and a platform member's new address too."""
        return self._session_hash()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None = None) -> str:
        value = f"{self.password}:{self.login_id}" if self.is_platform else self.password
        return salted_hmac("daedap.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    def as_actor(self, ip: str = "") -> Actor:
        """Return this identity as the actor of a change."""
        kind = ActorKind.PLATFORM_MEMBER if self.is_platform else ActorKind.IAM_MEMBER
        return Actor(kind, self.pk, self.name, ip, self.login_id)


class PasswordHistory(models.Model):
    """Hashes of earlier passwords, so that they are not used again at once (spec 10, 4.3)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="password_history")
    password = models.CharField(max_length=128)
    replaced_at = models.DateTimeField(auto_now_add=True)


class SignedInSession(models.Model):
    """One browser in which an IAM member is signed in. `life` and `is_fixed` are the rules of the moment of sign-in.

    A session of staff without its row here is worth nothing. `replaced_at` is set when a newer sign-in took its place;
    the row then waits for the browser to be told.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="signed_in_sessions")
    key_hash = models.CharField(max_length=64, unique=True)
    is_mobile = models.BooleanField(default=False)
    life = models.DurationField()
    is_fixed = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    last_active_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)


class SecondFactor(models.TextChoices):
    """What is asked for besides the password; the values are the source's (spec 10, 4.4)."""

    NONE = "none", _("Not used")
    TOTP = "totp", _("Google OTP")
    EMAIL = "email", _("E-mail")


class OtpDevice(models.Model):
    """A device whose app shows codes for `user`. Codes up to `last_step`, a count of half minutes, are used up."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="otp_devices")
    name = models.CharField(max_length=10)
    secret = EncryptedTextField()
    last_step = models.BigIntegerField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)


class LinkKind(models.TextChoices):
    """What a mailed link is for (spec 10, mails E1–E5)."""

    VERIFY_EMAIL = "verify_email", _("E-mail verification")
    SET_PASSWORD = "set_password", _("Password set-up")
    RESET_PASSWORD = "reset_password", _("Password reset")
    APPROVE_SIGN_IN = "approve_sign_in", _("Log-in approval")
    CHANGE_EMAIL = "change_email", _("Change of e-mail address")


class MailLink(models.Model):
    """A link that was mailed: single-use, stored only as a hash, voided by a newer one of its kind (spec 10, Mails).

    `subject` says whom it is for while there is no user yet: the keyed hash of the address being verified. Beside a
    user it says which waiting browser is approved (see approvals).
    """

    kind = models.CharField(max_length=20, choices=LinkKind)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="mail_links")
    subject = models.CharField(max_length=64, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["subject"], name="mail_link_subject", condition=~models.Q(subject=""))]


class EmailChange(models.Model):
    """The address that a platform member wants to have, until the link mailed there is pressed or the time is over."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="email_change")
    email = models.EmailField(max_length=254)
    expires_at = models.DateTimeField()


class SignInResult(models.TextChoices):
    """How a sign-in attempt ended."""

    OK = "ok", _("Success")
    WAITING = "waiting", _("Right password, second step asked for")
    REFUSED = "refused", _("Wrong ID or password")
    LOCKED = "locked", _("Locked")


class SignInRecord(models.Model):
    """One attempt to sign in (spec 10, L5). `login_id` is what was typed, shortened; append-only."""

    realm = models.CharField(max_length=16, blank=True)
    login_id = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    result = models.CharField(max_length=10, choices=SignInResult)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["realm", "-created_at"], name="sign_in_by_realm")]


class Country(models.TextChoices):
    """Countries of sign-up (spec 10, 1a)."""

    KR = "KR", _("Korea")
    JP = "JP", _("Japan")


class MembershipType(models.TextChoices):
    """Membership types (spec 10, 1b)."""

    INDIVIDUAL = "individual", _("Individual")
    BUSINESS = "business", _("Business")


class Verification(models.TextChoices):
    """Where the check of a business member stands (spec 10, step 1)."""

    NOT_NEEDED = "not_needed", _("Not needed")
    PENDING = "pending", _("Verification pending")
    APPROVED = "approved", _("Verified")
    REFUSED = "refused", _("Refused")


class PlatformMember(models.Model):
    """What a platform member told us at sign-up. One per user of the platform realm."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="platform_member")
    country = models.CharField(_("Country"), max_length=2, choices=Country)
    membership_type = models.CharField(_("Membership type"), max_length=10, choices=MembershipType)
    mobile = models.CharField(_("Mobile number"), max_length=20, blank=True)
    marketing_consent_at = models.DateTimeField(null=True, blank=True)
    second_factor = models.CharField(max_length=5, choices=SecondFactor, default=SecondFactor.NONE)
    verification = models.CharField(
        _("Business verification"), max_length=10, choices=Verification, default=Verification.NOT_NEEDED
    )
    company_name = models.CharField(_("Company name"), max_length=100, blank=True)
    business_number = models.CharField(_("Business registration number"), max_length=20, blank=True)
    representative = models.CharField(_("Representative"), max_length=60, blank=True)
    business_type = models.CharField(_("Business type"), max_length=100, blank=True)
    business_item = models.CharField(_("Business item"), max_length=100, blank=True)
    postcode = models.CharField(_("Postcode"), max_length=10, blank=True)
    address = models.CharField(_("Address"), max_length=300, blank=True)
    address_detail = models.CharField(_("Detailed address"), max_length=200, blank=True)
    landline = models.CharField(_("Landline"), max_length=20, blank=True)
    certificate_id = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("Platform member"), _("Platform members")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(second_factor__in=SecondFactor.values), name="platform_member_factor_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(membership_type=MembershipType.BUSINESS)
                | (models.Q(company_name__gt="") & models.Q(business_number__gt="")),
                name="platform_member_business_has_data",
            ),
        ]

    @property
    def is_business(self) -> bool:
        return self.membership_type == MembershipType.BUSINESS

    @property
    def full_address(self) -> str:
        """The address on one line, postcode first."""
        return " ".join(part for part in (self.postcode, self.address, self.address_detail) if part)

    @property
    def may_pay(self) -> bool:
        """Whether a payment method may be registered: business members wait for verification (spec 10, step 1)."""
        return self.verification in (Verification.NOT_NEEDED, Verification.APPROVED)


class TermsConsent(models.Model):
    """Which version of which terms a platform member agreed to, and when; of the optional ones also until when."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="terms_consents")
    terms = models.CharField(max_length=20)
    version = models.CharField(max_length=20)
    agreed_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "terms", "version"], condition=models.Q(withdrawn_at=None), name="terms_consent_once"
            )
        ]


class TextStatus(models.TextChoices):
    """Where an outgoing text message stands."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class OutgoingText(models.Model):
    """One text message on its way out. Number and text are encrypted, and emptied once it was handed over or failed."""

    number = EncryptedTextField()
    text = EncryptedTextField()
    status = models.CharField(max_length=10, choices=TextStatus, default=TextStatus.QUEUED)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=TextStatus.values), name="outgoing_text_status_known")
        ]
