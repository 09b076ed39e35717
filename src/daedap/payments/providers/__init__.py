"""What a payment provider is: it says what it offers, and gives a token for what is kept of a method.

Two kinds. A *form* provider takes the data that our page asked for. A *window* provider shows a window of its own in
the browser: card data never reach this server, which hears of a token and asks the provider about it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import TextChoices
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.payments.kinds import IdentityCheck, MethodKind, Money


class Way(StrEnum):
    """How an identity check is done here."""

    MAILED_CODE = "mailed_code"  # a code to the member's verified e-mail address
    BUSINESS_NUMBER = "business_number"  # equals the verified one
    BUSINESS_DATA = "business_data"  # number, company and representative equal the verified ones
    WINDOW = "window"  # the provider's own window
    WITH_DATA = "with_data"  # the provider checks it together with the data


@dataclass(frozen=True)
class Details:
    """What a member typed. Nothing of it appears in `repr`, so no log or error report can show it."""

    number: str = field(default="", repr=False)
    expiry_month: int = field(default=0, repr=False)
    expiry_year: int = field(default=0, repr=False)
    country: str = field(default="KR", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    password_digits: str = field(default="", repr=False)
    holder: str = field(default="", repr=False)
    security_code: str = field(default="", repr=False)
    bank: str = field(default="", repr=False)
    account: str = field(default="", repr=False)


@dataclass(frozen=True)
class ProviderMethod:
    """What is kept of a method: the provider's token and what people recognise it by.

    A bank account has no expiry; of a card registered in a window it is not always known. `brand` is the bank's code
    for an account.
    """

    token: str = field(repr=False)
    brand: str
    last4: str
    expiry_month: int | None = None
    expiry_year: int | None = None


class Reason(TextChoices):
    """Why a method was refused, as the member is told."""

    DEBIT = "debit", _("Debit cards cannot be registered.")
    PREPAID = "prepaid", _("Prepaid cards cannot be registered.")
    FOREIGN = "foreign", _("Only cards issued in Japan can be registered.")
    DECLINED = "declined", _("The card company declined this card.")
    OTHER_METHOD = "other_method", _("This is not the payment method you chose.")
    GONE = "gone", _("The registration was cancelled. Please start again.")


class CardRefused(DaedapError):
    """The method cannot be registered; nothing was stored."""

    message = _("This card cannot be registered.")
    reason: str = Reason.DECLINED

    @classmethod
    def because(cls, reason: Reason, *, field: str | None = None) -> CardRefused:
        """Return the error for one of the known reasons."""
        error = cls(reason.label, field=field)
        error.reason = reason.value
        return error


class IdentityRefused(DaedapError):
    """The identity check did not succeed; it can be tried again."""

    message = _("Your identity could not be confirmed. Please try again.")


class ProviderUnavailable(DaedapError):
    """The provider gave no usable answer. Whether it acted is not known: ask again, never assume."""

    code = 503
    message = _("The payment service does not answer at the moment. Please try again in a little while.")


class TokenNotOurs(DaedapError):
    """The token was not issued for this registration."""


class NoticeRefused(DaedapError):
    """The notice is not the provider's, too old, or not readable."""


@dataclass(frozen=True)
class Notice:
    """A provider's notice: about a `token` or the `charge` of a reference. One about neither has an empty `kind`."""

    webhook_id: str
    kind: str = ""
    subject: str = field(default="", repr=False)


class Provider(ABC):
    """What both kinds share. Calls may go outside, so none is made inside a transaction."""

    code: ClassVar[str]
    charges: ClassVar[bool]
    ways: ClassVar[Mapping[IdentityCheck, Way]]

    def offers(self, kind: MethodKind) -> bool:
        """Whether this provider can register methods of this kind."""
        return kind.identity in self.ways

    @abstractmethod
    def discard(self, token: str) -> None:
        """Forget the token for good; safe to repeat. Raises ProviderUnavailable."""


class FormProvider(Provider):
    """Takes what our page asked for."""

    @abstractmethod
    def register(self, kind: MethodKind, details: Details) -> ProviderMethod:
        """Check the data and return what is kept; raise CardRefused with a sentence for the member."""


class WindowProvider(Provider):
    """Asks for the data in a window of its own. `reference` is ours, unguessable, and names one registration."""

    script_url: str
    page_sources: list[str]

    @abstractmethod
    def identity_window(self, reference: str, *, return_url: str) -> dict[str, Any]:
        """Return what the browser needs to open the identity check."""

    @abstractmethod
    def finish_identity_check(self, reference: str, *, mobile: str, name: str) -> None:
        """Raise IdentityRefused or ProviderUnavailable unless the person was identified under `reference`.

        Where the provider tells a mobile number it must be `mobile`, otherwise the person must be called `name`.
        """

    @abstractmethod
    def method_window(self, kind: MethodKind, reference: str, *, return_url: str, customer: str) -> dict[str, Any]:
        """Return what the browser needs to open the window that asks for the data."""

    @abstractmethod
    def reference_of(self, token: str) -> str:
        """Return the reference under which `token` was issued, or nothing. Raises ProviderUnavailable."""

    @abstractmethod
    def inspect(self, kind: MethodKind, token: str, reference: str) -> ProviderMethod:
        """Return what is kept of the method; raise TokenNotOurs, CardRefused or ProviderUnavailable."""

    @abstractmethod
    def verify_by_charge(self, money: Money, token: str, reference: str) -> None:
        """Charge and cancel once for `reference`, however often this is called.

        Raises CardRefused if it was declined. Raises ProviderUnavailable while the outcome is unknown or the
        cancellation is not done: call again.
        """

    @abstractmethod
    def undo_charge(self, reference: str) -> None:
        """Cancel the charge of `reference` if one was made; safe to repeat. Raises ProviderUnavailable."""

    @abstractmethod
    def read_notice(self, body: str, headers: Mapping[str, str]) -> Notice:
        """Return what a signed notice is about; raise NoticeRefused."""


def get_provider(code: str = "") -> Provider:
    """Return the provider called `code`, or the one that the installation uses."""
    provider: Provider = import_string(settings.PAYMENT_PROVIDERS[code or settings.PAYMENT_PROVIDER])()
    return provider
