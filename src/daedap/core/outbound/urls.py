"""The written form of addresses (spec 20 §2.1)."""

import asyncio
import re
from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.core.outbound.addresses import OutboundPolicy, Resolver, is_permitted, literal_address, resolve_public
from daedap.core.outbound.outcomes import Kind, OutboundError

URL_LIMIT = 2000

_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?")
_PORT = re.compile(r"[0-9]{0,5}")
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")


class UrlRefused(ValueError):
    """An address may not be stored or called; `str()` gives a translated sentence for the form field."""

    def __init__(self, code: str, message: str | Promise, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.template = message
        self.params = params

    def __str__(self) -> str:
        text = str(self.template)
        return text % self.params if self.params else text


def check_url(url: str, policy: OutboundPolicy, forbidden_params: Collection[str] = ()) -> None:
    """Raise UrlRefused unless the address has the form of spec 20 §2.1; looks nothing up.

    `forbidden_params` names query parameters that we append ourselves.
    """
    if len(url) > URL_LIMIT:
        raise UrlRefused("too_long", _("The address may be at most %(limit)s characters long."), limit=f"{URL_LIMIT:,}")
    if _UNPRINTABLE.search(url):
        raise UrlRefused("characters", _("The address must not contain spaces, backslashes or control characters."))
    parsed = _parse(url, policy)
    if "@" in urlsplit(url).netloc:
        raise UrlRefused("userinfo", _("The address must not contain a user name or a password."))
    if "#" in url:
        raise UrlRefused("fragment", _("The address must not contain a fragment (#)."))
    _check_host(parsed.raw_host.decode("ascii"), policy)
    _check_port(parsed)
    for name, _value in parse_qsl(parsed.query.decode("ascii"), keep_blank_values=True):
        if name in forbidden_params:
            raise UrlRefused("parameter", _("The address must not already contain the parameter %(name)s."), name=name)


def _parse(url: str, policy: OutboundPolicy) -> httpx.URL:
    schemes = ("https", "http") if policy.allow_http else ("https",)
    if not url.lower().startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise UrlRefused("scheme", _("Enter a full address that begins with https://."))
    try:
        parsed = httpx.URL(url)
        netloc = urlsplit(url).netloc
    except (httpx.InvalidURL, ValueError):
        raise UrlRefused("host", _("Enter an address with a valid host name.")) from None
    # int() would also take "+443" and digits of other scripts
    if not _PORT.fullmatch(netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]):
        raise UrlRefused("port", _("Use port 443 or a port from 1024 to 65535."))
    return parsed


def _check_host(host: str, policy: OutboundPolicy) -> None:
    literal = literal_address(host)
    if literal is not None:
        if not is_permitted(literal[0], policy):
            raise UrlRefused("blocked_address", _("This address does not lead to a public server."))
    elif _HOST.fullmatch(host) is None or _NUMERIC_END.fullmatch(host):  # 2130706433, 0x7f.1, 0177.0.0.1
        raise UrlRefused("host", _("Enter an address with a valid host name."))


def _check_port(parsed: httpx.URL) -> None:
    usual = 80 if parsed.scheme == "http" else 443
    port = usual if parsed.port is None else parsed.port
    if port != usual and not 1024 <= port <= 65535:
        raise UrlRefused("port", _("Use port 443 or a port from 1024 to 65535."))


def check_reachable(url: str, policy: OutboundPolicy, *, resolver: Resolver | None = None) -> None:
    """Raise UrlRefused unless the host of a well-formed address resolves to permitted addresses only.

    For forms, at save: blocks up to two seconds and must not be called inside an event loop.
    """
    parsed = httpx.URL(url)
    try:
        asyncio.run(resolve_public(parsed.raw_host.decode("ascii"), parsed.port or 443, policy, resolver=resolver))
    except OutboundError as error:
        if error.kind is Kind.BLOCKED_ADDRESS:
            raise UrlRefused("blocked_address", _("This address does not lead to a public server.")) from None
        raise UrlRefused("unresolved", _("The host name of this address could not be found.")) from None


def add_params(url: str, params: Sequence[tuple[str, str]]) -> str:
    """Append parameters, percent-encoded as UTF-8, keeping the query that is there (spec 20 §6.4)."""
    if not params:
        return url
    joint = "?" if "?" not in url else "" if url.endswith(("?", "&")) else "&"
    return f"{url}{joint}{urlencode(params, quote_via=quote, safe='')}"
