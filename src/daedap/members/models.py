"""End customers of a service, how they sign in, and their sessions (spec 20)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from daedap.core.actors import Actor, ActorKind
from daedap.core.crypto import EncryptedTextField
from daedap.core.scoping import ServiceManager
from daedap.services.models import ServiceOwned


class Member(ServiceOwned):
    """A customer who is a member of the company's own service: (service, usercode) and nothing else (spec 20, 6.7).

    Name, e-mail, phone and member number are contact data as delivered; they never decide what is visible.
    """

    usercode = models.CharField(max_length=50)
    username = models.CharField(max_length=50, blank=True)
    email = EncryptedTextField(blank=True, default="")
    phone = EncryptedTextField(blank=True, default="")
    memberno = models.CharField(max_length=50, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceManager["Member"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "usercode"], name="member_usercode_unique_in_service")
        ]

    def __str__(self) -> str:
        return f"member {self.pk}"

    def as_actor(self, ip: str = "") -> Actor:
        """Return this member as the actor of a change."""
        return Actor(ActorKind.MEMBER, self.pk, self.username or self.usercode, ip)


class LoginType(models.TextChoices):
    """How members sign in (spec 20, section 2)."""

    POST = "post", _("POST")
    GET = "get", _("GET")


class IntegrationSettings(ServiceOwned):
    """Member integration of one service (회원 연동; spec 20, section 2). A service without a row has the defaults."""

    enabled = models.BooleanField(default=False)
    guest_enquiries = models.BooleanField(default=True)
    login_type = models.CharField(max_length=4, choices=LoginType, default=LoginType.POST)
    token_verification_url = models.CharField(max_length=2000, blank=True)
    login_url = models.CharField(max_length=2000, blank=True)
    login_status_url = models.CharField(max_length=2000, blank=True)
    token_lifetime_minutes = models.PositiveIntegerField(null=True, blank=True, default=5)
    single_use_token = models.BooleanField(default=False)
    parameter_rows = models.JSONField(default=list, blank=True)  # [[location, name]]; see actions.ParameterRow
    return_domains = models.JSONField(default=list, blank=True)  # host names, with a port where it is not the usual
    demands_binding = models.BooleanField(default=False)
    frame_origins = models.JSONField(default=list, blank=True)  # ["https://www.example.com"]; see members/frames.py
    updated_at = models.DateTimeField(auto_now=True)

    objects = ServiceManager["IntegrationSettings"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service"], name="integration_settings_once"),
            models.CheckConstraint(
                condition=models.Q(token_lifetime_minutes__isnull=True)
                | models.Q(token_lifetime_minutes__range=(1, 1440)),
                name="integration_lifetime_in_range",
            ),
        ]


class MemberSession(ServiceOwned):
    """A signed-in browser of a member (spec 20, section 10). The cookie's value is stored only as a hash."""

    token_hash = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="sessions")
    login_type = models.CharField(max_length=4, choices=LoginType)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()

    objects = ServiceManager["MemberSession"]()


class UsedToken(ServiceOwned):
    """A token accepted once while "single-use token" is on (spec 20, 6.10)."""

    token_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    objects = ServiceManager["UsedToken"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "token_hash"], name="used_token_once")]


class AccessToken(ServiceOwned):
    """What the company's server got for a member and the browser brings once (spec 20, 8.2). Only its hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="access_tokens")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceManager["AccessToken"]()


class LoginEvent(ServiceOwned):
    """How one presentation of a token ended (spec 20, 13.1). Holds no personal data; `correlation` is 8 hex digits.

    A success may have a `reason` too: what was not as it should be.
    """

    ok = models.BooleanField()
    reason = models.CharField(max_length=40, blank=True)
    login_type = models.CharField(max_length=4, choices=LoginType)
    correlation = models.CharField(max_length=8, blank=True)
    by_old_key = models.BooleanField(default=False)  # signed with the old organization Key, in its overlap
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceManager["LoginEvent"]()

    class Meta:
        indexes = [models.Index(fields=["service", "-created_at"], name="login_event_recent")]
