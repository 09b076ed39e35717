"""The shop's web application: its own login, and the addresses of member integration.

`/oc/open`          signs a link at the moment of the tap and goes to the help centre (GET type)
`/oc/embed`         the help centre inside a page of the shop, in an iframe
`/oc/verify`        Token verification URL (Token 검증 URL)
`/login`            login URL (로그인 URL), takes `returnUrl`
`/oc/login-status`  login-status URL (로그인 상태 URL)
`/oc/remote`        client-side form of the POST type
`/oc/remote-server` the same from our server: it gets an access token and passes the browser on with it
"""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from shop import pages
from shop.accounts import Accounts, Member
from shop.config import Config
from shop.token import make_token

COOKIE = "shop_login"
OC_PAGES = {"home": "/hc/", "ticket": "/hc/ticket/", "list": "/hc/ticket/list/"}
REMOTE_LOGIN = "/v2/enduser/remote.json"
HIDE_LINK = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}  # a signed link is a key


class Shop:
    """The pages, and what they share."""

    def __init__(
        self, config: Config, clock: Callable[[], float], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.transport = transport  # how our server calls the help centre; None is the network
        self.config = config
        self.clock = clock
        self.accounts = Accounts(clock)

    # --- the shop itself

    async def home(self, request: Request) -> Response:
        post_url = self.config.post_url if self.config.post_url != _origin(str(request.base_url)) else ""
        return HTMLResponse(pages.home(self._member(request), ready=self.config.ready, post_url=post_url))

    async def login(self, request: Request) -> Response:
        """Show the login page; someone who is logged in already is passed on straight away."""
        return_url = request.query_params.get("returnUrl", "/")
        if self._member(request):
            return self._after_login(return_url)
        return HTMLResponse(pages.login(return_url=return_url))

    async def log_in(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        return_url = form.get("returnUrl", "/")
        typed = form.get("login", "").strip()
        login_id = self.accounts.log_in(typed, form.get("password", ""))
        if login_id is None:
            return HTMLResponse(pages.login(return_url=return_url, typed=typed, failed=True), status_code=422)
        self.accounts.log_out(request.cookies.get(COOKIE, ""))
        response = self._after_login(return_url)
        secure = request.url.scheme == "https" or self.config.same_site == "none"
        samesite = "none" if self.config.same_site == "none" else "lax"
        response.set_cookie(COOKIE, login_id, httponly=True, samesite=samesite, secure=secure)
        return response

    async def log_out(self, request: Request) -> Response:
        self.accounts.log_out(request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    # --- member integration, GET type

    async def open_help_centre(self, request: Request) -> Response:
        """Sign now, not when the page was drawn: a token lives for minutes only. Guests go without parameters."""
        path = OC_PAGES.get(request.query_params.get("page", "home"))
        member = self._member(request)
        if path is None or not self.config.ready:
            return self._unavailable(member)
        fields = {"iframe": "true"} if request.query_params.get("iframe") == "true" else {}  # not signed
        if member:
            fields |= self._signed(member, request.cookies[COOKIE])
        url = self._help_centre(path)
        if fields:
            url = f"{url}?{urlencode(fields, quote_via=quote, safe='')}"
        return RedirectResponse(url, status_code=302, headers=HIDE_LINK)

    async def embed(self, request: Request) -> Response:
        """Show the help centre inside our page. The frame's address signs, so that members are known in it too."""
        member = self._member(request)
        if not self.config.ready:
            return self._unavailable(member)
        return HTMLResponse(pages.embed(member, self.config.oc_origin))

    async def verify(self, request: Request) -> Response:
        """Tell the help centre whether we issued this token to this member and the member is still logged in."""
        usercode = request.query_params.get("usercode", "")
        if self.accounts.vouches_for(request.query_params.get("token", ""), usercode):
            answer = {"login": "true", "usercode": usercode}
        else:
            answer = {"login": "false", "usercode": None}
        return JSONResponse(answer, headers=HIDE_LINK)

    # --- member integration, POST type

    async def login_status(self, request: Request) -> Response:
        """Answer the visitor's browser, on behalf of the help centre's page only, from our own cookie."""
        headers = {"Vary": "Origin", "Cache-Control": "no-store"}
        if request.headers.get("origin") == self.config.oc_origin:
            headers["Access-Control-Allow-Origin"] = self.config.oc_origin
            headers["Access-Control-Allow-Credentials"] = "true"
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "GET"
            headers["Access-Control-Allow-Headers"] = "usercode, username, email, phone, memberno"
            return Response(status_code=204, headers=headers)
        member = self._member(request)
        if member is None:
            return JSONResponse({"login": "false", "usercode": None}, headers=headers)
        return JSONResponse({"login": "true", "usercode": member.usercode}, headers=headers)

    async def remote(self, request: Request) -> Response:
        """Hand the member's data to the help centre through the browser (POST type, client side)."""
        member = self._member(request)
        if not self.config.ready:
            return self._unavailable(member)
        path = OC_PAGES.get(request.query_params.get("page", "home"), OC_PAGES["home"])
        service = self.config.post_service
        return_url = request.query_params.get("returnUrl") or self._help_centre(path, service)
        if not self._is_help_centre(return_url):
            return_url = self._help_centre(path, service)
        if member is None:
            return RedirectResponse(f"/login?{urlencode({'returnUrl': return_url})}", status_code=303)
        fields = self._signed(member, request.cookies[COOKIE], service=service, return_url=return_url)
        action = f"{self.config.oc_base_url}{REMOTE_LOGIN}"
        page = pages.remote_form(member, action, {"service": service, **fields})
        return HTMLResponse(page, headers=HIDE_LINK)

    async def remote_server(self, request: Request) -> Response:
        """Hand the member's data over from our server, without a returnUrl, and pass the browser on (server side)."""
        member, service = self._member(request), self.config.post_service
        if not self.config.ready:
            return self._unavailable(member)
        if member is None:
            query = urlencode({"returnUrl": "/oc/remote-server"})
            return RedirectResponse(f"/login?{query}", status_code=303)
        fields = {"service": service, **self._signed(member, request.cookies[COOKIE], service=service)}
        access_token = await self._ask_for_access_token(fields)
        if not access_token:
            page = pages.message("열 수 없습니다", "헬프센터가 회원 정보를 받지 않았습니다.", member=member)
            return HTMLResponse(page, status_code=502)
        url = f"{self._help_centre(OC_PAGES['home'], service)}?{urlencode({'accessToken': access_token})}"
        return RedirectResponse(url, status_code=302, headers=HIDE_LINK)

    async def _ask_for_access_token(self, fields: dict[str, str]) -> str:
        """Return what the help centre gives for the signed fields; "" if it does not."""
        base = urlsplit(self.config.oc_base_url)
        url, headers = f"{self.config.oc_base_url}/api{REMOTE_LOGIN}", {}
        if (base.hostname or "").endswith(".localhost"):  # browsers know that this is their own machine; we say it here
            url = urlunsplit(base._replace(netloc=f"127.0.0.1:{base.port or 80}", path=f"/api{REMOTE_LOGIN}"))
            headers = {"Host": base.netloc}
        try:
            async with httpx.AsyncClient(transport=self.transport, timeout=5) as client:
                answer = (await client.post(url, data=fields, headers=headers)).json()
        except (httpx.HTTPError, ValueError):
            return ""
        result = answer.get("result") if isinstance(answer, dict) else None
        return str(result["content"]) if isinstance(result, dict) and "content" in result else ""

    # --- helpers

    def _member(self, request: Request) -> Member | None:
        return self.accounts.member(request.cookies.get(COOKIE, ""))

    def _help_centre(self, path: str, service: str = "") -> str:
        return f"{self.config.oc_base_url}/{service or self.config.oc_service}{path}"

    def _signed(self, member: Member, login_id: str, *, service: str = "", return_url: str = "") -> dict[str, str]:
        """Return the parameters of a fresh token; blank ones are left out, as they are in the token."""
        now = int(self.clock() * 1000)
        token = make_token(
            key=self.config.key,
            service=service or self.config.oc_service,
            usercode=member.usercode,
            time=now,
            username=member.name,
            email=member.email,
            phone=member.phone,
            memberno=member.memberno,
            return_url=return_url,
        )
        self.accounts.remember_token(token, login_id, member.usercode)
        fields = {
            "usercode": member.usercode,
            "username": member.name,
            "email": member.email,
            "phone": member.phone,
            "memberno": member.memberno,
            "returnUrl": return_url,
            "time": str(now),
            "token": token,
        }
        return {name: value for name, value in fields.items() if value}

    def _after_login(self, return_url: str) -> Response:
        """Go where the visitor came from: a page of ours, or the help centre by remote login. Nowhere else."""
        if self._is_help_centre(return_url):
            return RedirectResponse(f"/oc/remote?{urlencode({'returnUrl': return_url})}", status_code=303)
        own = return_url.startswith("/") and not return_url.startswith("//")
        clean = own and return_url.isprintable() and "\\" not in return_url
        return RedirectResponse(return_url if clean else "/", status_code=303)

    def _is_help_centre(self, url: str) -> bool:
        try:
            origin = _origin(url)
        except ValueError:
            return False
        return origin == self.config.oc_origin and "\\" not in url and url.isprintable()

    def _unavailable(self, member: Member | None) -> Response:
        page = pages.message("열 수 없습니다", "헬프센터의 주소와 조직 Key가 아직 설정되지 않았습니다.", member=member)
        return HTMLResponse(page, status_code=503)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def create_app(
    config: Config, clock: Callable[[], float] = time.time, transport: httpx.AsyncBaseTransport | None = None
) -> Starlette:
    """Build the shop; `clock` gives seconds since 1970, `transport` stands in for the network."""
    shop = Shop(config, clock, transport)

    async def protect(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; "
            f"frame-src 'self' {config.oc_origin}; frame-ancestors 'none'; form-action 'self' {config.oc_origin}"
        )
        return response

    return Starlette(
        routes=[
            Route("/", shop.home),
            Route("/login", shop.login, methods=["GET"]),
            Route("/login", shop.log_in, methods=["POST"]),
            Route("/logout", shop.log_out, methods=["POST"]),
            Route("/oc/open", shop.open_help_centre),
            Route("/oc/embed", shop.embed),
            Route("/oc/verify", shop.verify),
            Route("/oc/login-status", shop.login_status, methods=["GET", "OPTIONS"]),
            Route("/oc/remote", shop.remote),
            Route("/oc/remote-server", shop.remote_server),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=protect)],
    )
