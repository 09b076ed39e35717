"""The one HTTP client for addresses that tenants give us (spec 20 §2.1, §6.4, §6.6).

Our server fetches what an administrator typed, so the address must not lead into our own network. The defence sits
where the connection is made: the host is resolved once, every address it has must be public, and the socket is opened
to one of exactly these addresses, while Host, SNI and the certificate check keep the original name. There is no second
lookup that could give another answer. Checks of the written form (`check_url`) only explain mistakes earlier.

`addresses` which ones may be called · `urls` their written form · `client` the calls · `outcomes` what comes of them ·
`concurrency` how many run at once.
"""

from daedap.core.outbound.addresses import OutboundPolicy, is_public, resolve_public
from daedap.core.outbound.client import OutboundClient, PinnedBackend
from daedap.core.outbound.concurrency import Concurrency
from daedap.core.outbound.outcomes import BODY_LIMIT, Kind, OutboundError, OutboundResponse
from daedap.core.outbound.urls import UrlRefused, add_params, check_reachable, check_url

__all__ = [
    "BODY_LIMIT",
    "Concurrency",
    "Kind",
    "OutboundClient",
    "OutboundError",
    "OutboundPolicy",
    "OutboundResponse",
    "PinnedBackend",
    "UrlRefused",
    "add_params",
    "check_reachable",
    "check_url",
    "is_public",
    "resolve_public",
]
