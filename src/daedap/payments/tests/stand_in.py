"""A PortOne of our own on a local port: speaks the documented API (V2), remembers, and misbehaves when told to."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

NOW = "2026-03-01T03:00:00Z"
CHANNEL = {"type": "TEST", "pgProvider": "TOSSPAYMENTS", "pgMerchantId": "m"}
ORIGIN = {"platformType": "PC", "ipAddress": "192.0.2.1"}
STORE = "store-1"
SECRET = "api-secret"
WEBHOOK_SECRET = "whsec_c2VjcmV0LW9mLXRoZS13ZWJob29rcw=="


class PortOne:
    """The state behind the API. `troubles` are met one per call of a path that holds the key, oldest first.

    A trouble is "timeout" (the work is done, the answer never comes), "lost" (neither), "500", "html" or "declined".
    """

    def __init__(self) -> None:
        self.url = ""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.billing_keys: dict[str, dict] = {}
        self.payments: dict[str, dict] = {}
        self.identities: dict[str, dict] = {}
        self.troubles: list[tuple[str, str]] = []
        self.calls: list[tuple[str, str]] = []
        self.bodies: list[dict] = []
        self.charges = 0
        self.cancels = 0
        self.lock = threading.Lock()

    def issue(self, key: str, reference: str, **card) -> None:
        """What PortOne's window does: a billing key for the issue id that our page gave."""
        facts = {"brand": "VISA", "type": "CREDIT", "number": "433012******1234", "bin": "433012"} | card
        method = {"type": "BillingKeyPaymentMethodCard", "card": facts}
        self.billing_keys[key] = {"issueId": reference, "methods": [method]}

    def issue_payco(self, key: str, reference: str, method: dict | None = None) -> None:
        inner = method or {"type": "BillingKeyPaymentMethodCard", "card": {"type": "CREDIT", "number": "****1234"}}
        facts = {"type": "BillingKeyPaymentMethodEasyPay", "provider": "PAYCO", "method": inner}
        self.billing_keys[key] = {"issueId": reference, "methods": [facts]}

    def identify(
        self, reference: str, status: str = "VERIFIED", phone: str = "01012345678", name: str = "김창업"
    ) -> None:
        base = {"id": reference, "requestedAt": NOW, "updatedAt": NOW, "statusChangedAt": NOW, "version": "V2"}
        if status == "VERIFIED":
            base |= {"verifiedCustomer": {"name": name, "phoneNumber": phone}, "verifiedAt": NOW, "pgTxId": "x"}
            base |= {"pgRawResponse": "{}"}
        else:
            base |= {"requestedCustomer": {}, "failure": {"reason": "no"}}
        self.identities[reference] = base | {"status": status}

    # --- The API ---------------------------------------------------------------------------------

    def answer(self, method: str, path: str, body: dict) -> tuple[int, dict]:
        name, _, rest = path.strip("/").partition("/")
        key, _, verb = rest.partition("/")
        key = unquote(key)
        act = {
            ("GET", "billing-keys", ""): self._get_key,
            ("DELETE", "billing-keys", ""): self._delete_key,
            ("GET", "payments", ""): self._get_payment,
            ("POST", "payments", "billing-key"): self._pay,
            ("POST", "payments", "cancel"): self._cancel,
            ("GET", "identity-verifications", ""): self._get_identity,
        }[(method, name, verb)]
        with self.lock:
            return act(key, body)

    def _get_key(self, key: str, body: dict) -> tuple[int, dict]:
        if key not in self.billing_keys:
            return 404, {"type": "BILLING_KEY_NOT_FOUND"}
        facts = {"merchantId": "m", "storeId": STORE, "channels": [CHANNEL], "customer": {}, "issuedAt": NOW}
        return 200, {"status": "ISSUED", "billingKey": key} | facts | self.billing_keys[key]

    def _delete_key(self, key: str, body: dict) -> tuple[int, dict]:
        if self.billing_keys.pop(key, None) is None:
            return 404, {"type": "BILLING_KEY_NOT_FOUND"}
        return 200, {"deletedAt": NOW}

    def _get_payment(self, key: str, body: dict) -> tuple[int, dict]:
        if key not in self.payments:
            return 404, {"type": "PAYMENT_NOT_FOUND"}
        amount = {"total": 1000, "taxFree": 0, "discount": 0, "paid": 1000, "cancelled": 0, "cancelledTaxFree": 0}
        facts = {"id": key, "transactionId": "t", "merchantId": "m", "storeId": STORE, "channel": CHANNEL}
        facts |= {"version": "V2", "requestedAt": NOW, "updatedAt": NOW, "statusChangedAt": NOW, "orderName": "x"}
        facts |= {"amount": amount, "currency": "KRW", "customer": {}, "origin": ORIGIN, "paidAt": NOW, "disputes": []}
        facts |= {"cancellations": [], "cancelledAt": NOW, "failedAt": NOW, "failure": {"reason": "no"}}
        return 200, facts | self.payments[key]

    def _pay(self, key: str, body: dict) -> tuple[int, dict]:
        if self.payments.get(key, {}).get("status") in ("PAID", "CANCELLED"):
            return 409, {"type": "ALREADY_PAID"}
        if body["billingKey"] not in self.billing_keys:
            return 404, {"type": "BILLING_KEY_NOT_FOUND"}
        self.charges += 1
        self.payments[key] = {"status": "PAID", "body": body}
        return 200, {"payment": {"pgTxId": "x", "paidAt": NOW}}

    def _cancel(self, key: str, body: dict) -> tuple[int, dict]:
        status = self.payments.get(key, {}).get("status")
        if status == "CANCELLED":
            return 409, {"type": "PAYMENT_ALREADY_CANCELLED"}
        if status != "PAID":
            return 404, {"type": "PAYMENT_NOT_FOUND"}
        self.cancels += 1
        self.payments[key]["status"] = "CANCELLED"
        facts = {"status": "SUCCEEDED", "id": "c", "totalAmount": 1000, "taxFreeAmount": 0, "vatAmount": 0}
        return 200, {"cancellation": facts | {"reason": "x", "requestedAt": NOW}}

    def _get_identity(self, key: str, body: dict) -> tuple[int, dict]:
        if key not in self.identities:
            return 404, {"type": "IDENTITY_VERIFICATION_NOT_FOUND"}
        return 200, self.identities[key]

    def trouble(self, path: str) -> str:
        with self.lock:
            for index, (part, kind) in enumerate(self.troubles):
                if part in path:
                    del self.troubles[index]
                    return kind
        return ""


@contextmanager
def portone(timeout: float):
    """Run the stand-in; its silences last longer than `timeout` seconds."""
    state = PortOne()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            path = self.path.partition("?")[0]
            state.calls.append((self.command, path))
            state.bodies.append(body)
            if self.headers["Authorization"] != f"PortOne {SECRET}":
                return self.send(401, json.dumps({"type": "UNAUTHORIZED"}))
            kind = state.trouble(f"{self.command} {path}")
            if kind == "declined":
                return self.send(502, json.dumps({"type": "PG_PROVIDER", "pgCode": "51", "pgMessage": "한도 초과"}))
            if kind in ("500", "html"):
                return self.send(500, "<h1>oops</h1>" if kind == "html" else json.dumps({"type": "INTERNAL"}))
            if kind == "lost":
                return time.sleep(timeout * 2)
            status, answer = state.answer(self.command, path, body)
            if kind == "timeout":
                return time.sleep(timeout * 2)
            self.send(status, json.dumps(answer))
            return None

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815  the names that http.server calls

        def send(self, status: int, body: str) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
