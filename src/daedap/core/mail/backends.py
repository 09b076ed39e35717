"""Where mail goes while no mail server is configured."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class KeptMailBackend(BaseEmailBackend):
    """Keeps every mail as an `.eml` file in DAEDAP_HOME/mail, newest name last."""

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        settings.MAIL_FOLDER.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
            half = settings.MAIL_FOLDER / f".{name}.part"
            half.write_bytes(message.message().as_bytes(linesep="\r\n"))
            half.rename(settings.MAIL_FOLDER / f"{name}.eml")
        return len(email_messages)
