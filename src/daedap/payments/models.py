"""Payment methods: a provider's token and what people recognise their card by, nothing else."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from daedap.core.crypto import EncryptedTextField


class PaymentMethod(models.Model):
    """One registered card of a platform member (spec 10, 2.5: token, brand, last four digits, expiry)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payment_methods")
    provider = models.CharField(max_length=20)
    token = EncryptedTextField()
    brand = models.CharField(max_length=40)
    last4 = models.CharField(max_length=4)
    expiry_month = models.PositiveSmallIntegerField()
    expiry_year = models.PositiveSmallIntegerField()
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(is_default=True), name="payment_method_one_default"
            ),
            models.CheckConstraint(condition=models.Q(last4__regex=r"^\d{4}$"), name="payment_method_last4_digits"),
        ]

    def __str__(self) -> str:
        return f"payment method {self.pk}"
