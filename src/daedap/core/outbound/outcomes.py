"""What comes of a call: an answer, or the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

BODY_LIMIT = 64 * 1024


class Kind(StrEnum):
    """Why a call gave no answer."""

    BLOCKED_ADDRESS = "blocked_address"
    TIMEOUT = "timeout"
    NETWORK = "network"
    TLS = "tls"
    TOO_LARGE = "too_large"
    BUSY = "busy"


class OutboundError(Exception):
    """The call gave no answer, for `kind`. The text never holds the address, which may contain a token."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.value)
        self.kind = kind


@dataclass(frozen=True, repr=False)
class OutboundResponse:
    """An answer as received. The body is read only for 2xx and is empty otherwise; a 3xx is not followed."""

    status: int
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()

    def header(self, name: str) -> str:
        """Return a header, "" if it is not there; one that came more than once is joined with a comma."""
        wanted = name.lower().encode("ascii")
        return ", ".join(value.decode("latin-1").strip() for key, value in self.headers if key.lower() == wanted)
