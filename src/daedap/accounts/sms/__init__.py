"""What sends text messages. An installation has one provider or none; without one no mobile number is checked."""

from __future__ import annotations

from abc import ABC, abstractmethod

from django.conf import settings
from django.utils.module_loading import import_string


class SmsNotSent(Exception):
    """The provider refused the message or gave no usable answer; whether it was sent is not known."""


class SmsProvider(ABC):
    """Sends one message at a time. Calls go outside, so a job makes them (`accounts.texts`), in no transaction."""

    @abstractmethod
    def send_code(self, *, number: str, text: str) -> None:
        """Send `text`, which holds a code, to `number` (E.164) at once; raise SmsNotSent."""


def is_on() -> bool:
    """Whether this installation can send text messages, and therefore checks mobile numbers (spec 10, step 1)."""
    return bool(settings.SMS_PROVIDER != "none")


def get_provider() -> SmsProvider:
    """Return the provider of this installation. Ask `is_on` first."""
    provider = import_string(settings.SMS_PROVIDERS[settings.SMS_PROVIDER])()
    assert isinstance(provider, SmsProvider)  # noqa: S101  the table is ours
    return provider
