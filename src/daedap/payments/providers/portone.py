"""PortOne (V2) by its official SDK: billing keys, the verification charge, identity checks, signed notices.

PortOne's own window in the browser takes the card, so no card data reach this server. What the browser or a notice
says is never believed: PortOne is asked about it. Its address comes from the operator's settings, not from a tenant,
so these calls do not go through `core.outbound`.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from portone_server_sdk import errors, identity_verification, payment, webhook
from portone_server_sdk.common import Card, PaymentAmountInput
from portone_server_sdk.errors import PortOneError
from portone_server_sdk.payment import billing_key

from daedap.payments.kinds import IdentityCheck, MethodCode, MethodKind, Money
from daedap.payments.providers import (
    CardRefused,
    IdentityRefused,
    Notice,
    NoticeRefused,
    ProviderMethod,
    ProviderUnavailable,
    Reason,
    TokenNotOurs,
    Way,
    WindowProvider,
)
from daedap.payments.providers.manual import funding_refusal
from daedap.payments.providers.ranges import load_table

logger = logging.getLogger("daedap.payments")
T = TypeVar("T")

CALL_SECONDS = 15.0
_FUNDING = {"DEBIT": Reason.DEBIT, "GIFT": Reason.PREPAID}
_GONE = (errors.BillingKeyNotFoundError, errors.BillingKeyAlreadyDeletedError)
_MISTAKES = (errors.UnauthorizedError, errors.ForbiddenError, errors.InvalidRequestError, errors.ChannelNotFoundError)


@lru_cache(maxsize=4)
def _client(secret: str, url: str, store: str) -> tuple[payment.PaymentClient, Any]:
    pays = payment.PaymentClient(secret=secret, base_url=url, store_id=store)
    identifies = identity_verification.IdentityVerificationClient(secret=secret, base_url=url, store_id=store)
    for client in (pays, pays.billing_key, identifies):
        client._sync_client.timeout = httpx.Timeout(CALL_SECONDS)  # noqa: SLF001  the SDK fixes 60 seconds
    return pays, identifies


class PortOneProvider(WindowProvider):
    """Offers what there is a channel for: cards, PAYCO, cards of Japan. Bank transfer is not in PortOne's window."""

    code = "portone"
    charges = True
    ways = {
        IdentityCheck.PHONE: Way.WINDOW,
        IdentityCheck.BUSINESS_NUMBER: Way.BUSINESS_NUMBER,
        IdentityCheck.CARD_OWNERSHIP: Way.WITH_DATA,
    }

    def __init__(self) -> None:
        self.settings: Mapping[str, Any] = settings.PORTONE
        self.script_url = str(self.settings["script_url"])
        self.page_sources = list(self.settings["page_sources"])

    @property
    def _payments(self) -> payment.PaymentClient:
        return _client(self.settings["api_secret"], self.settings["api_url"], self.settings["store_id"])[0]

    @property
    def _identities(self) -> Any:
        return _client(self.settings["api_secret"], self.settings["api_url"], self.settings["store_id"])[1]

    def _channel(self, kind: MethodKind) -> str:
        names = {MethodCode.PAYCO: "payco", MethodCode.CREDIT_CARD: "card", MethodCode.CORPORATE_CARD: "card"}
        name = "card_japan" if kind.country == "JP" else names.get(kind.code, "")
        return str(self.settings["channels"].get(name, ""))

    def offers(self, kind: MethodKind) -> bool:
        """Only what a channel is configured for, the one for identity checks included where it is needed."""
        needs_window = self.ways.get(kind.identity) is Way.WINDOW
        identifiable = kind.identity in self.ways and (not needs_window or bool(self.settings["channels"]["identity"]))
        return identifiable and bool(self._channel(kind))

    # --- What the browser needs ------------------------------------------------------------------

    def identity_window(self, reference: str, *, return_url: str) -> dict[str, Any]:
        """Arguments of the browser SDK's `requestIdentityVerification`."""
        return {
            "storeId": self.settings["store_id"],
            "channelKey": self.settings["channels"]["identity"],
            "identityVerificationId": reference,
            "redirectUrl": return_url,
        }

    def method_window(self, kind: MethodKind, reference: str, *, return_url: str, customer: str) -> dict[str, Any]:
        """Arguments of the browser SDK's `requestIssueBillingKey`."""
        is_payco = kind.code is MethodCode.PAYCO
        return {
            "storeId": self.settings["store_id"],
            "channelKey": self._channel(kind),
            "billingKeyMethod": "EASY_PAY" if is_payco else "CARD",
            "issueId": reference,
            "issueName": str(settings.PRODUCT_NAME),
            "customer": {"customerId": customer},
            "redirectUrl": return_url,
        } | ({"easyPay": {"easyPayProvider": "PAYCO"}} if is_payco else {})

    # --- What PortOne is asked -------------------------------------------------------------------

    def finish_identity_check(self, reference: str, *, mobile: str, name: str) -> None:
        """Believe only PortOne's own record of the check. Not every channel tells the phone: then the name decides."""
        try:
            found = _call(
                lambda: self._identities.get_identity_verification(identity_verification_id=reference),
                (errors.IdentityVerificationNotFoundError,),
            )
        except errors.IdentityVerificationNotFoundError as error:
            raise IdentityRefused from error
        if not isinstance(found, identity_verification.VerifiedIdentityVerification) or found.id != reference:
            raise IdentityRefused
        told = re.sub(r"[^0-9]", "", found.verified_customer.phone_number or "")
        if told and told != _national(mobile):
            raise IdentityRefused(_("Use the mobile number of your membership for the identity check."))
        if not told and _plain(found.verified_customer.name) != _plain(name):
            raise IdentityRefused(_("The identity check must be made in the name of your membership."))

    def reference_of(self, token: str) -> str:
        """The issue id that our page gave."""
        found = self._billing_key(token)
        return "" if found is None else found.issue_id or ""

    def inspect(self, kind: MethodKind, token: str, reference: str) -> ProviderMethod:
        """Look at the issued billing key: ours, of the chosen kind, neither debit nor prepaid."""
        found = self._billing_key(token)
        if found is None or found.issue_id != reference:
            raise TokenNotOurs
        return _kept(token, _card_of(found, kind), kind)

    def _billing_key(self, token: str) -> billing_key.IssuedBillingKeyInfo | None:
        try:
            found = _call(lambda: self._payments.billing_key.get_billing_key_info(billing_key=token), _GONE)
        except _GONE:
            return None
        return found if isinstance(found, billing_key.IssuedBillingKeyInfo) else None

    def verify_by_charge(self, money: Money, token: str, reference: str) -> None:
        """Charge under our reference as payment id, of which PortOne makes one payment only, and cancel it."""
        status = self._status(reference)
        if status in ("", "READY"):
            status = self._pay(money, token, reference)
        if status == "FAILED":
            raise CardRefused.because(Reason.DECLINED)
        if status == "PAID":
            self._cancel(reference)
        elif status != "CANCELLED":
            raise ProviderUnavailable

    def undo_charge(self, reference: str) -> None:
        """Cancel it if PortOne has it as paid."""
        if self._status(reference) == "PAID":
            self._cancel(reference)

    def _status(self, reference: str) -> str:
        try:
            found = _call(lambda: self._payments.get_payment(payment_id=reference), (errors.PaymentNotFoundError,))
        except errors.PaymentNotFoundError:
            return ""
        return next((status for kind, status in _STATUSES.items() if isinstance(found, kind)), "OTHER")

    def _pay(self, money: Money, token: str, reference: str) -> str:
        known = (errors.AlreadyPaidError, errors.PgProviderError, *_GONE)
        try:
            _call(
                lambda: self._payments.pay_with_billing_key(
                    payment_id=reference,
                    billing_key=token,
                    order_name=str(settings.PRODUCT_NAME),
                    amount=PaymentAmountInput(total=money.amount),
                    currency=money.currency,
                ),
                known,
            )
        except errors.AlreadyPaidError:
            return "PAID"
        except known:
            return "FAILED"
        return "PAID"

    def _cancel(self, reference: str) -> None:
        try:
            answer = _call(
                lambda: self._payments.cancel_payment(payment_id=reference, reason="Card verification"),
                (errors.PaymentAlreadyCancelledError,),
            )
        except errors.PaymentAlreadyCancelledError:
            return
        if isinstance(answer.cancellation, payment.FailedPaymentCancellation):
            raise ProviderUnavailable

    def discard(self, token: str) -> None:
        """Delete the billing key."""
        try:
            _call(lambda: self._payments.billing_key.delete_billing_key(billing_key=token), _GONE)
        except _GONE:
            return

    # --- Notices -----------------------------------------------------------------------------------

    def read_notice(self, body: str, headers: Mapping[str, str]) -> Notice:
        """Check signature and time (five minutes), as Standard Webhooks says, and read what the notice is about."""
        try:
            notice = webhook.verify(self.settings["webhook_secret"], body, headers)
        except (webhook.WebhookVerificationError, webhook.InvalidInputError, ValueError) as error:
            raise NoticeRefused from error
        data = getattr(notice, "data", None)
        kind, subject = "", ""
        if data is not None and data.store_id == self.settings["store_id"]:
            if isinstance(notice, webhook.WebhookBillingKeyIssued):
                kind, subject = "token", notice.data.billing_key
            elif hasattr(data, "payment_id"):
                kind, subject = "charge", str(data.payment_id)
        return Notice(headers["webhook-id"], kind, subject)


_STATUSES = {
    payment.ReadyPayment: "READY",
    payment.PaidPayment: "PAID",
    payment.CancelledPayment: "CANCELLED",
    payment.FailedPayment: "FAILED",
}


def _call(ask: Callable[[], T], known: tuple[type[PortOneError], ...]) -> T:
    """Return PortOne's answer. Errors that are `known` pass; every other one becomes ProviderUnavailable.

    The SDK meets a body that is no JSON, as a failing proxy sends it, and answers it does not know with ValueError.
    """
    try:
        return ask()
    except known:
        raise
    except (httpx.HTTPError, ValueError, PortOneError) as error:
        level = logging.ERROR if isinstance(error, _MISTAKES) else logging.WARNING
        logger.log(level, "portone gave no usable answer", extra={"error": type(error).__name__})
        raise ProviderUnavailable from None  # the cause may quote the answer


def _national(mobile: str) -> str:
    """Return the digits of a Korean number without the country's code."""
    return "0" + mobile.removeprefix("82") if mobile.startswith("82") else mobile


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _card_of(found: billing_key.IssuedBillingKeyInfo, kind: MethodKind) -> Card:
    """Return the card behind a billing key; raise CardRefused if it is not of the chosen kind."""
    method: Any = found.methods[0] if found.methods else None
    if isinstance(method, billing_key.BillingKeyPaymentMethodEasyPay) != (kind.code is MethodCode.PAYCO):
        raise CardRefused.because(Reason.OTHER_METHOD)
    if isinstance(method, billing_key.BillingKeyPaymentMethodEasyPay):
        if method.provider not in (None, "PAYCO"):
            raise CardRefused.because(Reason.OTHER_METHOD)
        method = method.method
    if isinstance(method, billing_key.BillingKeyPaymentMethodEasyPayCharge):
        raise CardRefused.because(Reason.PREPAID)
    if method is not None and not isinstance(method, billing_key.BillingKeyPaymentMethodCard):
        raise CardRefused.because(Reason.OTHER_METHOD)
    return (method.card if method else None) or Card()


def _kept(token: str, card: Card, kind: MethodKind) -> ProviderMethod:
    reason = _FUNDING.get(str(card.type)) or funding_refusal(load_table().range_of(card.bin or ""), kind.country)
    if reason is not None:
        raise CardRefused.because(reason)
    brand = str(card.brand) if card.brand not in (None, "LOCAL") else card.name or card.issuer or "Card"
    shown = re.search(r"[0-9]{4}$", card.number or "")
    return ProviderMethod(token=token, brand=brand[:40], last4=shown[0] if shown else "")
