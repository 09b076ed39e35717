"""Lists of IP addresses and ranges, as an IP ACL has them (spec 10, 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError

MOST_ENTRIES = 100


class AddressesRefused(DaedapError):
    """The list of addresses cannot be used; nothing was changed."""

    field = "addresses"


def clean_addresses(text: str) -> list[str]:
    """Return the entries of `text`, one per line or divided by commas, each once; raise AddressesRefused.

    IPv4 and IPv6; a range may be written with any of its addresses (`1.1.1.1/24`).
    """
    entries = list(dict.fromkeys(entry.lower() for entry in re.split(r"[\s,;]+", text) if entry))
    if len(entries) > MOST_ENTRIES:
        raise AddressesRefused(_("List up to %(count)d addresses and ranges.") % {"count": MOST_ENTRIES})
    for entry in entries:
        if len(entry) > 50 or "%" in entry or not _is_network(entry):
            raise AddressesRefused(_("%(entry)s is no IP address and no range of addresses.") % {"entry": entry[:50]})
    return entries


def is_listed(ip: str, addresses: Iterable[str]) -> bool:
    """Whether `ip` is one of `addresses` or lies in one of them. An unknown address never does."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _networks(tuple(addresses)))


def _is_network(entry: str) -> bool:
    try:
        ip_network(entry, strict=False)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _networks(addresses: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(address, strict=False) for address in addresses]
