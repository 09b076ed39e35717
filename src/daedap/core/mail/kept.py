"""Reading the mail that is kept in DAEDAP_HOME/mail while no mail server is configured."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.utils import timezone

_NAME = re.compile(r"^\d{8}-\d{6}-\d{6}-[0-9a-f]{6}$")


@dataclass(frozen=True)
class KeptMail:
    """One kept mail. `name` is its file's name without the ending and sorts by time."""

    name: str
    subject: str
    sender: str
    recipient: str
    kept_at: datetime
    text: str
    html: str


def list_kept_mails(limit: int = 100) -> list[KeptMail]:
    """Return the newest kept mails, newest first."""
    files = sorted(settings.MAIL_FOLDER.glob("*.eml"), key=lambda file: file.name, reverse=True)
    return [_read(file) for file in files[:limit]]


def find_kept_mail(name: str) -> KeptMail | None:
    """Return the kept mail called `name`, or None; names that are not ours are never looked for."""
    file = settings.MAIL_FOLDER / f"{name}.eml"
    return _read(file) if _NAME.match(name) and file.is_file() else None


def _read(file: Path) -> KeptMail:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101  what the default policy makes
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return KeptMail(
        name=file.stem,
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        kept_at=datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_current_timezone()),
        text=text.get_content() if text else "",
        html=html.get_content() if html else "",
    )
