"""The features a service can have in its contract (spec 10, 5.2). What they cost is in the price book (`billing`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.services.models import ServiceType

TICKET = "ticket"
"""Always in the contract; cannot be switched off (A60)."""

_CONSULTATION = frozenset({ServiceType.CONSULTATION})
_BOTH = frozenset({ServiceType.CONSULTATION, ServiceType.ISSUE})


@dataclass(frozen=True)
class Item:
    """One line of a contract: the code of the API, its label, and the types of services it is offered to."""

    code: str
    label: str | Promise
    types: frozenset[ServiceType] = _CONSULTATION

    @property
    def is_fixed(self) -> bool:
        return self.code == TICKET


ITEMS: dict[str, Item] = {
    item.code: item
    for item in (
        Item(TICKET, pgettext_lazy("contract item", "Ticket"), _BOTH),
        Item("telticket", _("Ticket (with phone, using CTI)")),
        Item("chat", pgettext_lazy("contract item", "Chat")),
        Item("helpdoc", pgettext_lazy("contract item", "FAQ")),
        Item("knowledge", pgettext_lazy("contract item", "Knowledge management"), _BOTH),
        Item("callback", pgettext_lazy("contract item", "Callback")),
        Item("endusermanagement", pgettext_lazy("contract item", "Customer information")),
        Item("ticketevaluation", pgettext_lazy("contract item", "Ticket evaluation"), frozenset()),
        Item("smssend", pgettext_lazy("contract item", "SMS"), _BOTH),
        Item("smssendingstatus", pgettext_lazy("contract item", "SMS sending status"), _BOTH),
        Item("electronicboard", pgettext_lazy("contract item", "Display board")),
        Item("security", pgettext_lazy("contract item", "Security service"), _BOTH),
        Item("issuetransferstatistics", pgettext_lazy("contract item", "Issue transfer statistics"), _BOTH),
        Item("reinquiryrate", pgettext_lazy("contract item", "Repeat enquiry rate")),
        Item("happycall", pgettext_lazy("contract item", "Happy call")),
    )
}
"""Every item by its code, in the order of the contract page."""


def list_offered(type: int) -> list[Item]:  # noqa: A002  the product's word
    """Return the items that a service of this type can have, in the order of the contract page."""
    return [item for item in ITEMS.values() if type in item.types]


def complete(codes: Collection[str], type: int) -> frozenset[str] | None:  # noqa: A002  as above
    """Return `codes` with the item that is always on; None if one of them is not offered to this type."""
    wanted = frozenset(codes) | {TICKET}
    return wanted if wanted <= {item.code for item in list_offered(type)} else None
