"""Addresses: which site a host name means, and absolute addresses of our own pages."""

from __future__ import annotations

from typing import Literal

from django.conf import settings

Site = Literal["platform", "organization"]


def read_host(host: str) -> tuple[Site, str] | None:
    """Return the site a Host header names and its organization domain ("" on the platform site); None if not ours.

    The port is ignored; the case too.
    """
    name = host.rsplit(":", 1)[0].lower().rstrip(".")
    if name == settings.BASE_HOST:
        return "platform", ""
    domain = name.removesuffix(settings.ORGANIZATION_SUFFIX)
    if domain != name and domain and "." not in domain:
        return "organization", domain
    return None


def _port() -> str:
    return f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""


def platform_url(path: str = "/") -> str:
    """Return an absolute address on the platform site."""
    return f"{settings.PUBLIC_SCHEME}://{settings.BASE_HOST}{_port()}{path}"


def organization_url(domain: str, path: str = "/") -> str:
    """Return an absolute address on the site of the organization with `domain` (the OC URL; spec 10, 6.4)."""
    return f"{settings.PUBLIC_SCHEME}://{domain}{settings.ORGANIZATION_SUFFIX}{_port()}{path}"
