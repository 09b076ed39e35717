"""Structured logs: one JSON object per line, with the request's id and without secrets or personal data."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from logging.config import dictConfig
from typing import Any

request_id: ContextVar[str] = ContextVar("daedap_request_id", default="")

_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*")
_PHONE = re.compile(r"(?<![\w.:-])\+?\d{2,4}[- ]\d{3,4}[- ]\d{4}(?![\w-])|(?<![\w.:-])01\d{8,9}(?!\w)")
_SECRET = re.compile(r"(?<![\w/.-])(?:[A-Za-z0-9_-]{40,}=?|[A-Za-z0-9+/]{43}=|[0-9a-f]{32})(?![\w/.-])")
_ROW = re.compile(
    r"\b(DETAIL|CONTEXT|HINT|QUERY|STATEMENT|LINE \d+):.*?"
    r"(?=\n\nThe above exception was|\n\nDuring handling of|\Z)",
    re.DOTALL,
)
"""What PostgreSQL adds to an error: it quotes the row, line ends and all, up to where the traceback goes on."""
_QUERY = re.compile(r"\?[^\s\"']*=[^\s\"']*")


def scrub(text: str) -> str:
    """Return `text` with quoted rows, query strings, mail addresses, phone numbers and long secrets replaced.

    The last line of defence: callers pass ids, not contents. What gets here by accident (a database error that quotes
    a row, a path with a one-time link) must not stay in a file.
    """
    text = _ROW.sub(r"\1: …", text)
    text = _QUERY.sub("?…", text)
    text = _MAIL.sub("<mail>", text)
    text = _SECRET.sub("<secret>", text)
    return _PHONE.sub("<phone>", text)


class Scrubber(logging.Filter):
    """Adds the request id and scrubs message and arguments of every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.msg = scrub(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
            record.exc_info = None
        for noisy in ("request", "taskName"):
            record.__dict__.pop(noisy, None)
        return True


def configure(*, level: str) -> None:
    """Send everything to standard error as JSON lines. Called once, by the settings."""
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"scrubber": {"()": Scrubber}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "%(levelname)s %(name)s %(message)s %(request_id)s",
                "timestamp": "time",
                "rename_fields": {"levelname": "level", "name": "logger"},
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["scrubber"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "django.db.backends": {"level": "INFO"},  # at DEBUG it writes every statement with its values
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "httpx": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
            "psycopg.pool": {"level": "WARNING"},  # why the database cannot be reached
        },
    }
    dictConfig(config)
