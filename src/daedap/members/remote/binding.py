"""Ties a trip to the company's login page to the browser that began it (our addition to spec 20, section 8).

The `returnUrl` we hand to the login URL carries a one-time value; the browser keeps only its hash, in a cookie. A
`returnUrl` that comes back with a value must match it, so nobody can finish in another browser what began in theirs.
Whether one without a value is taken is a setting of the service: the wire stays that of the specification.
"""

from __future__ import annotations

import re

from django.conf import settings

from daedap.core.crypto import hash_token, new_token
from daedap.core.outbound import add_params
from daedap.members.models import IntegrationSettings
from daedap.members.sessions import TakesCookies
from daedap.members.tokens import STATE_PARAMETER, Reason, TokenRefused, values_named
from daedap.services.models import Service

LASTS_SECONDS = 12 * 60 * 60
TRIPS_KEPT = 5
"""So many tabs of one browser may be on their way at once."""

_HASHES = re.compile(r"[0-9a-f]{64}(\.[0-9a-f]{64})*")


def cookie_name() -> str:
    """Return the cookie's name. It belongs to the whole host: the company's form comes in at another path."""
    return "__Host-hcbinding" if settings.SECURE else "hcbinding"


def bind(service: Service, address: str, known: str) -> tuple[str, str]:
    """Return the address with a new one-time value, and the cookie's new value, which was `known` before."""
    value = new_token()
    kept = [_name(service, value), *_hashes(known)][:TRIPS_KEPT]
    return add_params(address, [(STATE_PARAMETER, value)]), ".".join(kept)


def value_in(return_url: str) -> str:
    """Return the one-time value that an address carries; "" if none."""
    query = return_url.partition("?")[2].partition("#")[0]
    return value_in_query(query.encode())


def value_in_query(raw_query: bytes) -> str:
    """Return the one-time value of a query as it came over the wire; "" if none."""
    return _only(values_named(STATE_PARAMETER, raw_query))


def _only(values: list[str]) -> str:
    return ",".join(values)  # two values match nothing


def check(service: Service, integration: IntegrationSettings, value: str, known: str) -> str:
    """Return the cookie's value without what is spent now; raise TokenRefused if the trip began elsewhere."""
    if not value:
        if integration.demands_binding:
            raise TokenRefused(Reason.BINDING_MISSING)
        return known
    name, hashes = _name(service, value), _hashes(known)
    if name not in hashes:
        raise TokenRefused(Reason.BINDING_MISMATCH)
    return ".".join(each for each in hashes if each != name)


def set_cookie(response: TakesCookies, value: str) -> None:
    """Give the browser the hashes of its trips, or make it forget them if there are none left.

    The company's page posts a form across sites, so over https the cookie says `SameSite=None`. Plain http knows no
    such cookie; without the word, browsers send a fresh one along.
    """
    attributes: dict[str, object] = {"samesite": "none"} if settings.SECURE else {"samesite": None}
    response.set_cookie(
        cookie_name(),
        value,
        max_age=LASTS_SECONDS if value else 0,
        path="/",
        secure=settings.SECURE,
        httponly=True,
        **attributes,
    )


def _name(service: Service, value: str) -> str:
    return hash_token(f"{service.pk}:{value}")


def _hashes(known: str) -> list[str]:
    return known.split(".")[:TRIPS_KEPT] if _HASHES.fullmatch(known) else []
