"""Cookies inside a frame on another site (spec 20, section 11).

There, browsers take and send only cookies that say `SameSite=None; Secure; Partitioned`, and keep them apart for each
site around the frame. So in a frame every cookie of the help centre is set twice, as itself and as a twin; whoever
reads finds the twin's value under the cookie's own name. Outside of frames no twin is set, and one that is still there
goes as soon as its cookie changes: the two never say different things.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from http.cookies import Morsel
from typing import Any

from django.conf import settings

SUFFIX = "-frame"


class Partitioned(Morsel[str]):
    """A cookie with the attribute that Python's own class does not know before 3.14."""

    def OutputString(self, attrs: Container[str] | None = None) -> str:  # noqa: N802  the name is Python's
        return f"{super().OutputString(attrs)}; Partitioned"


def has_twins(cookies: Mapping[str, str]) -> bool:
    """Tell whether a browser brings any twin."""
    return any(name.endswith(SUFFIX) for name in cookies)


def with_twins(cookies: Mapping[str, str]) -> dict[str, str]:
    """Return what a browser brings, each twin in the place of a cookie that is missing. Staff's session has none."""
    found = dict(cookies)
    for name, value in cookies.items():
        own = name.removesuffix(SUFFIX)
        if own not in (name, settings.SESSION_COOKIE_NAME):
            found.setdefault(own, value)
    return found


def twins(
    cookies: Iterable[Morsel[str]], *, service_id: str, brought: Mapping[str, str], in_frame: bool
) -> list[Morsel[str]]:
    """Return what to set beside the cookies of a response: twins in a frame, otherwise the end of those `brought`."""
    path = f"/{service_id}/".lower()
    ours = [each for each in cookies if each["path"].lower() == path or each.key == settings.CSRF_COOKIE_NAME]
    wanted = [each for each in ours if in_frame or f"{each.key}{SUFFIX}" in brought]
    return [_twin_of(cookie, ends=not in_frame) for cookie in wanted]


def _twin_of(cookie: Morsel[str], *, ends: bool) -> Morsel[str]:
    twin = Partitioned()
    twin.set(f"{cookie.key}{SUFFIX}", "" if ends else cookie.value, '""' if ends else cookie.coded_value)
    facts: dict[str, Any] = {name: cookie[name] for name in ("path", "max-age", "expires", "httponly")}
    if ends:
        facts |= {"max-age": 0, "expires": "Thu, 01 Jan 1970 00:00:00 GMT"}
    twin.update(facts | {"secure": True, "samesite": "None"})
    return twin
