"""Where a visitor may be sent after a sign-in: `returnUrl` is signed, but the company may have signed anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import httpx
from django.conf import settings
from django.utils.encoding import iri_to_uri

from daedap.core.hosts import organization_url
from daedap.members.models import IntegrationSettings
from daedap.members.tokens import clean_query
from daedap.organizations.models import Organization
from daedap.services.models import Service

_UNSAFE_IN_PATH = re.compile(r"[\x00-\x20\x7f\\]|%2f|%5c|%00|(^|/)(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\@]")
_USUAL_PORTS = {"http": 80, "https": 443}

type_of_origin = tuple[str, str, int | None]


def own_page(wanted: str, organization: Organization, service: Service) -> str | None:
    """Return a returnUrl as a clean address on this host if it is a page of this help centre (spec 20, 6.8)."""
    try:
        parts = urlsplit(wanted)
        is_own_host = _origin(parts) == _own_origin(organization) and "@" not in parts.netloc
    except ValueError:
        return None
    is_relative = wanted.startswith("/") and not parts.scheme and not parts.netloc
    home = f"/{service.service_id}/hc"
    if (
        not (is_own_host or is_relative)
        or _UNSAFE_IN_PATH.search(parts.path)
        or not (parts.path == home or parts.path.startswith(f"{home}/"))
    ):
        return None
    query = clean_query(parts.query.encode())
    return iri_to_uri(f"{parts.path}?{query}" if query else parts.path)


def allowed_target(
    wanted: str, organization: Organization, service: Service, integration: IntegrationSettings
) -> str | None:
    """Return where a returnUrl of the POST method may lead (spec 20, 8.5), else None.

    That is our own host, the hosts of login and login-status URL, and the allowed return domains; https only where
    the installation is. An address of this help centre comes back clean.
    """
    page = own_page(wanted, organization, service)
    if page is not None:
        return page
    try:
        address = urljoin(organization_url(organization.domain or ""), wanted)
        parts = urlsplit(address)
        origin = _origin(parts)
        host = urlsplit(origin_of(f"{parts.scheme}://{parts.netloc}")).netloc
    except (ValueError, httpx.InvalidURL):
        return None
    if _UNSAFE.search(parts.netloc + parts.path) or parts.scheme not in _schemes():
        return None
    is_known = origin in set(_known_origins(organization, integration))
    if not is_known and not {host, parts.netloc.lower()} & set(integration.return_domains):
        return None
    return iri_to_uri(urlunsplit(parts._replace(netloc=host)))


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address that was checked, as browsers write an origin and headers can say it.

    A host in Hangul is written as DNS knows it: in a header, other letters would spoil the whole of it.
    """
    parsed = httpx.URL(address)
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"


def _schemes() -> tuple[str, ...]:
    return ("https",) if settings.SECURE else ("https", "http")


def _known_origins(organization: Organization, integration: IntegrationSettings) -> Iterable[type_of_origin]:
    yield _own_origin(organization)
    for address in (integration.login_url, integration.login_status_url):
        if address:
            yield _origin(urlsplit(address))
            yield _origin(urlsplit(origin_of(address)))  # so does the browser of a visitor write it


def _own_origin(organization: Organization) -> type_of_origin:
    return _origin(urlsplit(organization_url(organization.domain or "")))


def _origin(parts: SplitResult) -> type_of_origin:
    """Raise ValueError if the port is none."""
    return parts.scheme, parts.hostname or "", parts.port or _USUAL_PORTS.get(parts.scheme)
