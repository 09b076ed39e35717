"""What a help centre is made of: its company information and its composition (spec 30, sections 11 and 16)."""

from __future__ import annotations

from django.db import models

from daedap.core.scoping import OrganizationManager, ServiceManager
from daedap.organizations.models import OrganizationOwned
from daedap.services.models import ServiceOwned


class CompanyInformation(OrganizationOwned):
    """One set of company information (회사정보), which help centres of the organization can show in their footers."""

    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationManager["CompanyInformation"]()

    def __str__(self) -> str:
        return f"company information {self.pk}"


class CompanyText(OrganizationOwned):
    """What one set says in one language. `company`, `copyright` and `terms` are plain text or clean HTML (core.html).

    The terms of use are a text of their own or an address elsewhere, never both; without a title there are none.
    """

    information = models.ForeignKey(CompanyInformation, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=6)
    company = models.TextField(blank=True)
    copyright = models.TextField(blank=True)
    terms_title = models.CharField(max_length=100, blank=True)
    terms = models.TextField(blank=True)
    terms_url = models.CharField(max_length=500, blank=True)

    objects = OrganizationManager["CompanyText"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["information", "language"], name="company_text_once_per_language"),
            models.CheckConstraint(
                condition=models.Q(terms="") | models.Q(terms_url=""), name="company_text_terms_are_text_or_url"
            ),
        ]


class Composition(ServiceOwned):
    """What a service's help centre shows (구성관리). A service without a row shows the defaults."""

    company_information = models.ForeignKey(
        CompanyInformation, on_delete=models.SET_NULL, null=True, blank=True, related_name="compositions"
    )
    attachments_need_sign_in = models.BooleanField(default=False)

    objects = ServiceManager["Composition"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service"], name="composition_once_per_service")]
