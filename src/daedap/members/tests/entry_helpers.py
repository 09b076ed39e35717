"""What the tests of the entry stand on: a company with a verification server, and browsers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
from django.conf import settings
from starlette.applications import Starlette
from starlette.routing import Route

from daedap.core.scoping import service_scope
from daedap.members.entry import enter
from daedap.members.models import IntegrationSettings, LoginEvent, Member, MemberSession
from daedap.members.sessions import cookie_name
from daedap.members.tokens import MemberClaims, sign
from daedap.services.models import Service
from tests import factories

KEY = "7cf2828608274a49a3f06152b2188927"
TIME = 1760000000000

Answer = tuple[int, bytes] | dict[str, Any]
app = Starlette(routes=[Route("/{path:path}", enter, methods=["GET", "HEAD"])])


@dataclass
class Company:
    """The integrator's server. `answer` gets usercode and token and returns an object, or a status and a body."""

    answer: Callable[[str, str], Answer]
    calls: list[tuple[str, str]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""


def agrees(usercode: str, token: str) -> Answer:
    return {"login": "true", "usercode": usercode}


@contextmanager
def run_company() -> Iterator[Company]:
    """Serve a Token verification URL on loopback that says yes until told otherwise."""
    company = Company(agrees)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            usercode, token = query.get("usercode", [""])[0], query.get("token", [""])[0]
            company.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            company.calls.append((usercode, token))
            given = company.answer(usercode, token)
            status, body = (200, json.dumps(given).encode()) if isinstance(given, dict) else given
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{company.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    company.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield company
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def identity(**facts: Any) -> dict[str, str]:
    """The signed values of a member; None leaves one out."""
    values = {"usercode": "hong", "username": "홍길동", "email": "hong@example.com", "time": TIME} | facts
    return {name: str(value) for name, value in values.items() if value is not None}


def token_for(values: dict[str, str], *, service: str = "hangame", key: str = KEY) -> str:
    names = {"returnUrl": "return_url"}
    claims = {names.get(name, name): value for name, value in values.items()}
    claims.setdefault("usercode", "")
    return sign(MemberClaims(service=service, **claims), key)


def signed(*, service: str = "hangame", key: str = KEY, **facts: Any) -> str:
    """The query of a genuine link, spaces as %20."""
    values = identity(**facts)
    return urlencode(values | {"token": token_for(values, service=service, key=key)}, quote_via=quote, safe="")


class Browser:
    """A browser on an organization's site that follows nothing by itself."""

    def __init__(self, domain: str = "acme", ip: str = "198.51.100.7") -> None:
        self.base = f"http://{domain}{settings.ORGANIZATION_SUFFIX}:8000"
        self.cookies = httpx.Cookies()
        self.ip = ip

    @property
    def secret(self) -> str:
        return self.cookies.get(cookie_name()) or ""

    def open(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self.open_async(path, method=method, headers=headers))

    async def open_async(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, base: str = ""
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(self.ip, 50000))
        async with httpx.AsyncClient(transport=transport, base_url=base or self.base, cookies=self.cookies) as client:
            response = await client.request(method, path, headers=headers)
            self.cookies = client.cookies
        return response


@dataclass(frozen=True)
class Traces:
    """What the database holds after an entry."""

    members: list[Member]
    sessions: list[MemberSession]
    events: list[tuple[bool, str]]


def traces(service: Service) -> Traces:
    with service_scope(service.organization_id, service.pk):
        return Traces(
            list(Member.objects.order_by("pk")),
            list(MemberSession.objects.select_related("member").order_by("pk")),
            list(LoginEvent.objects.order_by("pk").values_list("ok", "reason")),
        )


def integrate(service: Service, url: str, **facts: Any) -> IntegrationSettings:
    """Switch member integration of the service on; the company answers at `url`."""
    return factories.integrate(service, **({"token_verification_url": f"{url}/verify"} | facts))
