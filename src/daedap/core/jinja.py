"""The Jinja2 environment of all our pages and mails."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, StrictUndefined


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Return the path of a page of the site this request came to."""
    return reverse(name, args=args, kwargs=kwargs)


def when(value: datetime | None, zone: ZoneInfo | None = None, form: str = "Y.m.d H:i") -> str:
    """Return a time as text in `zone` (the current time zone if none)."""
    return date_format(timezone.localtime(value, zone), form) if value else ""


def number(value: int) -> str:
    """Return a whole number with its thousands apart: 1,234."""
    return f"{value:,}"


def file_size(size: int) -> str:
    """Return a number of bytes as people know it: 512 B, 1.5 KB, 10.0 MB, by 1,024 as our limit of 10 MB counts."""
    if size < 1024:
        return f"{size} B"
    kilobytes = size / 1024
    return f"{kilobytes:.1f} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"


def environment(**options: Any) -> Environment:
    """Return the environment: undefined names are errors, text is escaped, translations are Django's."""
    options.update(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made = Environment(**options, extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701  Django's backend sets autoescape
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        gettext=gettext, ngettext=ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    made.globals["_"] = made.globals["gettext"]  # otherwise an alias that looks it up at each call, at twice the cost
    made.globals.update(url=url, get_language=get_language, now=timezone.now)
    # A page asks thirty times, icons mostly; names of collected files do not change while the process lives.
    made.globals["static"] = static if settings.DEBUG else cache(static)
    made.filters.update(when=when, number=number, file_size=file_size)
    return made
