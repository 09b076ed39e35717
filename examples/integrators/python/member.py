"""A small service whose members use the help centre as themselves: Python 3.9 or newer, nothing to install.

    OC_BASE_URL=https://acme.oc.example.com OC_SERVICE=shop OC_KEY_FILE=/etc/oc_key python3 member.py

Members: hong and sora, password "demo". The parts to take over are marked with their names in the guide.
"""

import base64
import hashlib
import hmac
import html
import json
import os
import secrets
import sys
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from urllib.request import urlopen

# --- signing ---

# What Java calls whitespace; str.strip() without it would also remove U+00A0 and three others.
BLANK = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)


def make_token(key, values):
    optional = [values.get(name) or "" for name in ("username", "email", "phone", "memberno", "returnUrl")]
    kept = [value for value in optional if value.strip(BLANK)]
    message = "&".join([values["service"], values["usercode"], *kept, str(values["time"])])
    return base64.b64encode(hmac.digest(key.encode(), message.encode(), "sha256")).decode()


# --- members, logins and issued tokens: yours live in your database ---

BASE = os.environ.get("OC_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
SERVICE = os.environ.get("OC_SERVICE", "shop")
COOKIE = os.environ.get("COOKIE_FLAGS", "SameSite=Lax" if BASE.startswith("http:") else "Secure; SameSite=Lax")
BY_SERVER = os.environ.get("OC_HANDOVER") == "server"
PAGES = {"home": "hc/", "ticket": "hc/ticket/", "list": "hc/ticket/list/"}
MEMBERS = {
    "hong": {"usercode": "user-0001", "username": "홍길동", "email": "hong@example.com", "phone": "010-1234-5678"},
    "sora": {"usercode": "회원 +0002", "username": "이소라", "email": "sora+help@example.com", "memberno": "M-2"},
}
logins = {}  # login id -> (member, until)
issued = {}  # SHA-256 of the token -> (usercode, login id, until)


def key():
    path = os.environ.get("OC_KEY_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else os.environ["OC_KEY"]


def member_of(login_id):
    member, until = logins.get(login_id, (None, 0))
    return member if until > time.time() else None


def signed(member, login_id, **more):
    """The parameters for the help centre, signed now, and a note that we issued them."""
    values = {**member, **more, "time": int(time.time() * 1000)}
    token = make_token(key(), {"service": SERVICE, **values})
    for name in [name for name, entry in list(issued.items()) if entry[2] < time.time()]:
        issued.pop(name, None)
    issued[hashlib.sha256(token.encode()).hexdigest()] = (member["usercode"], login_id, time.time() + 300)
    return {**values, "token": token}


def vouches_for(usercode, token):
    """Yes only to a token that we issued to this user, that is fresh, and whose login is still alive."""
    owner, login_id, until = issued.get(hashlib.sha256(token.encode()).hexdigest(), (None, None, 0))
    return owner == usercode and until > time.time() and member_of(login_id) is not None


# --- pages ---


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.login_id = self.read_login()
        self.member = member_of(self.login_id)
        pages = {
            "/": self.home,
            "/login": self.login,
            "/oc/open": self.open,
            "/oc/verify": self.verify,
            "/oc/login-status": self.login_status,
            "/oc/remote": self.remote,
            "/oc/remote-server": self.remote_server,
        }
        pages.get(url.path, lambda: self.answer(404, "없는 주소입니다."))()

    def do_POST(self):
        if self.path == "/logout":
            return self.log_out()
        length = min(int(self.headers.get("Content-Length") or 0), 10_000)
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        member = MEMBERS.get(form.get("login", ""))
        if self.path != "/login" or not member or not hmac.compare_digest(form.get("password", "").encode(), b"demo"):
            return self.answer(422, "아이디 또는 비밀번호가 맞지 않습니다.")
        login_id = secrets.token_urlsafe(32)
        logins[login_id] = (member, time.time() + 12 * 3600)
        return self.pass_on(form.get("returnUrl", ""), f"login={login_id}; Path=/; HttpOnly; {COOKIE}")

    def log_out(self):
        logins.pop(self.read_login(), None)
        self.answer(303, "", Location="/")

    def do_OPTIONS(self):
        allowed = {"Access-Control-Allow-Headers": "usercode, username, email, phone, memberno"}
        self.answer(204, "", **self.cors(), **allowed)

    def read_login(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("login")
        return cookie.value if cookie else ""

    def home(self):
        who = html.escape(self.member["username"]) if self.member else '<a href="/login">로그인</a>'
        links = "".join(f'<li><a href="/oc/open?page={page}">{page} (GET)</a>' for page in PAGES)
        who += '<form method="post" action="/logout"><button>로그아웃</button></form>'
        self.answer(200, f'{who}<ul>{links}<li><a href="/oc/remote">home (POST)</a></ul>')

    def login(self):
        """Login URL: somebody who is logged in is handed over straight away."""
        if self.member:
            return self.pass_on(self.query.get("returnUrl", ""))
        return_url = html.escape(self.query.get("returnUrl", ""))
        return self.answer(
            200,
            f"""<form method="post"><input type="hidden" name="returnUrl" value="{return_url}">
<input name="login" aria-label="아이디"><input name="password" type="password" aria-label="비밀번호">
<button>로그인</button></form>""",
        )

    def pass_on(self, return_url, cookie=""):
        headers = {"Set-Cookie": cookie} if cookie else {}
        path = "/oc/remote-server" if BY_SERVER else "/oc/remote"
        target = f"{path}?{urlencode({'returnUrl': return_url})}" if is_help_centre(return_url) else "/"
        self.answer(303, "", Location=target, **headers)

    def to_login(self, return_url):
        """Our login page, which hands over to `return_url`; one that leads elsewhere is forgotten."""
        kept = f"?{urlencode({'returnUrl': return_url})}" if is_help_centre(return_url) else ""
        self.answer(303, "", Location=f"/login{kept}")

    def open(self):
        """GET type: sign when the link is tapped, not when the page is made."""
        url = f"{BASE}/{SERVICE}/{PAGES.get(self.query.get('page'), 'hc/')}"
        if self.member:
            url += "?" + urlencode(signed(self.member, self.login_id), quote_via=quote, safe="")
        self.answer(302, "", Location=url)

    def verify(self):
        """Token verification URL."""
        usercode = self.query.get("usercode", "")
        is_in = vouches_for(usercode, self.query.get("token", ""))
        self.answer(200, {"login": is_in, "usercode": usercode if is_in else None})

    def login_status(self):
        """Login-status URL: the visitor's browser asks, so the cookie decides."""
        usercode = self.member["usercode"] if self.member else None
        self.answer(200, {"login": bool(self.member), "usercode": usercode}, **self.cors())

    def cors(self):
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(BASE))
        ours = self.headers.get("Origin") == origin  # the whole origin, and no other
        allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
        return {"Vary": "Origin", **(allowed if ours else {})}

    def remote(self):
        """POST type, client side: a form that the member's browser sends to the help centre."""
        return_url = self.query.get("returnUrl") or f"{BASE}/{SERVICE}/hc/"
        if not self.member or not is_help_centre(return_url):
            return self.to_login(return_url)
        fields = {"service": SERVICE, **signed(self.member, self.login_id, returnUrl=return_url)}
        inputs = "".join(f'<input type="hidden" name="{n}" value="{html.escape(str(v))}">' for n, v in fields.items())
        action = f"{BASE}/v2/enduser/remote.json"
        form = f'<form method="post" action="{action}">{inputs}<button>헬프센터 열기</button></form>'
        return self.answer(200, f"{form}<script>document.forms[0].submit()</script>")

    def remote_server(self):
        """POST type, server side: our server calls, without returnUrl, and the browser goes on with an access token."""
        return_url = self.query.get("returnUrl") or f"{BASE}/{SERVICE}/hc/"
        if not self.member or not is_help_centre(return_url):
            return self.to_login(return_url)
        body = urlencode({"service": SERVICE, **signed(self.member, self.login_id)}).encode()
        try:
            with urlopen(f"{BASE}/api/v2/enduser/remote.json", body, timeout=5) as response:  # noqa: S310 - our setting
                access_token = json.load(response)["result"]["content"]
        except OSError as error:  # the header says what to mend, and nothing secret
            print("remote.json:", error, getattr(error, "headers", {}).get("X-OC-Error-Detail"), file=sys.stderr)
            return self.answer(502, "헬프센터가 회원 정보를 받지 않았습니다.")
        joint = "&" if "?" in return_url else "?"
        return self.answer(302, "", Location=f"{return_url}{joint}{urlencode({'accessToken': access_token})}")

    def answer(self, status, body, **headers):
        kind = "application/json" if isinstance(body, dict) else "text/html"
        raw = (json.dumps(body) if isinstance(body, dict) else body).encode()
        self.send_response(status)
        own = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": len(raw), "Cache-Control": "no-store"}
        for name, value in {**own, "Referrer-Policy": "no-referrer", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        """Nothing: addresses here hold tokens."""


def is_help_centre(url):
    """Only there may a login lead. With the "/" at the end, so that no other host begins like this."""
    return url.startswith(f"{BASE}/{SERVICE}/") and url.isprintable()


if __name__ == "__main__":
    if sys.argv[1:] == ["vectors"]:  # for `daedap check-integration --sign-command`
        vectors = json.load(sys.stdin)
        print(json.dumps({each["name"]: make_token(each["key"], each["inputs"]) for each in vectors}))
    else:
        ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Handler).serve_forever()
