"""Payment methods: a provider's token and what people recognise their card by, nothing else."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise

from daedap.core.crypto import EncryptedTextField
from daedap.payments.banks import BANKS
from daedap.payments.kinds import LABELS, MethodCode
from daedap.payments.providers import Reason


class PaymentMethod(models.Model):
    """One registered method of a platform member (spec 10, 2.5: token, brand, last four digits, expiry).

    `brand` is the bank's code for an account. `consented_at` is when recurring payments were agreed to.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payment_methods")
    provider = models.CharField(max_length=20)
    method = models.CharField(max_length=20, default=MethodCode.CREDIT_CARD)
    token = EncryptedTextField()
    brand = models.CharField(max_length=40)
    last4 = models.CharField(max_length=4, blank=True)
    expiry_month = models.PositiveSmallIntegerField(null=True, blank=True)
    expiry_year = models.PositiveSmallIntegerField(null=True, blank=True)
    is_default = models.BooleanField(default=False)
    consented_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_default=True), name="payment_method_one_default"
            ),
            models.CheckConstraint(condition=models.Q(last4__regex=r"^(\d{4})?$"), name="payment_method_last4_digits"),
        ]

    def __str__(self) -> str:
        return f"payment method {self.pk}"

    @property
    def label(self) -> str | Promise:
        """What kind of method it is, for people."""
        return LABELS.get(self.method, self.method)

    @property
    def brand_name(self) -> str | Promise:
        """The card's brand, or the bank."""
        return BANKS.get(self.brand, self.brand)


class RegistrationState(models.TextChoices):
    """How far the registration of a method has come."""

    IDENTITY = "identity"
    DATA = "data"
    VERIFYING = "verifying"
    DONE = "done"
    REFUSED = "refused"


class Registration(models.Model):
    """One try to register a method, from the consent on (`created_at`). It never holds what was typed.

    `public_id` is the reference we give to a window provider; of two charges under one reference it makes only one.
    `challenge` is the hash of a mailed code, or the reference of an identity check in a window.
    """

    public_id = models.CharField(max_length=32, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=20)
    method = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=RegistrationState, default=RegistrationState.IDENTITY)
    challenge = models.CharField(max_length=64, blank=True)
    challenged_at = models.DateTimeField(null=True, blank=True)
    token = EncryptedTextField(blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    registered = models.OneToOneField(PaymentMethod, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=RegistrationState.values), name="payment_registration_state_known"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="payment_registration_verifying",
                condition=models.Q(state=RegistrationState.VERIFYING),
            )
        ]

    def __str__(self) -> str:
        return f"registration {self.pk}"


class DiscardedToken(models.Model):
    """A token that the provider has still to forget."""

    provider = models.CharField(max_length=20)
    token = EncryptedTextField()
    created_at = models.DateTimeField(auto_now_add=True)


class ReceivedWebhook(models.Model):
    """A notice of a provider, once per id however often it is sent. `subject` is a token or a reference."""

    provider = models.CharField(max_length=20)
    webhook_id = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=60)
    subject = EncryptedTextField(blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
