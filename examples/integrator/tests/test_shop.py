"""The shop's side of member integration: what it signs, what it vouches for, whom it answers."""

import json
import sys
import warnings
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

with warnings.catch_warnings():  # Starlette would rather have httpx2, which nothing else here needs
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shop.app import create_app
from shop.config import Config
from shop.token import BLANK, make_token

KEY = "7cf2828608274a49a3f06152b2188927"
OC = "http://demo.oc.localhost:8000"
VECTORS = Path(__file__).resolve().parents[3] / "conformance/member-token-vectors.json"
NOW = 1_760_000_000


class Clock:
    def __init__(self) -> None:
        self.seconds = float(NOW)

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(clock):
    config = Config(oc_base_url=OC, oc_service="hangame", oc_key=KEY)
    with TestClient(create_app(config, clock), follow_redirects=False) as client:
        yield client


def log_in(client, login="hong", return_url="/"):
    return client.post("/login", data={"login": login, "password": "shop1234", "returnUrl": return_url})


def open_link(client, page="home"):
    """Tap a button; return the address without query and the parameters."""
    response = client.get("/oc/open", params={"page": page})
    assert response.status_code == 302
    address, _, query = response.headers["location"].partition("?")
    return address, {name: values[0] for name, values in parse_qs(query, strict_parsing=bool(query)).items()}


def vouched(client, usercode, token):
    response = client.get("/oc/verify", params={"usercode": usercode, "token": token})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    return response.json()


def logged_out():
    return {"login": "false", "usercode": None}


# --- token


def test_given_published_sample_when_signed_then_published_token():
    token = make_token(KEY, "hangame", "testusercode", 1660095873001, "testUsername", "test@email.com", "123456789")
    assert token == "Ah9M58CQ9RFTShjFuqziQr+0MjmJxN6+bzWxMD71moo="


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text(encoding="utf-8")), ids=lambda vector: vector["name"])
def test_given_vector_when_signed_then_its_token(vector):
    inputs = dict(vector["inputs"])
    inputs["return_url"] = inputs.pop("returnUrl")
    assert make_token(vector["key"], **inputs) == vector["token"]


def test_given_blank_characters_when_listed_then_those_of_java():
    java = {*range(0x9, 0xE), *range(0x1C, 0x21), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B)}
    assert {ord(character) for character in BLANK} == java | {0x2028, 0x2029, 0x205F, 0x3000}


# --- GET type


@pytest.mark.parametrize(("page", "path"), [("home", "/hc/"), ("ticket", "/hc/ticket/"), ("list", "/hc/ticket/list/")])
def test_given_member_when_tapped_then_signed_link_to_the_page(client, page, path):
    log_in(client)
    address, values = open_link(client, page)
    assert address == f"{OC}/hangame{path}"
    token = values.pop("token")
    assert values == {
        "usercode": "user-0001",
        "username": "홍길동",
        "email": "hong@example.com",
        "phone": "010-1234-5678",
        "time": str(NOW * 1000),
    }
    assert token == make_token(KEY, "hangame", "user-0001", NOW * 1000, "홍길동", "hong@example.com", "010-1234-5678")


def test_given_member_with_number_when_tapped_then_number_is_sent_and_signed(client):
    log_in(client, "park")
    _address, values = open_link(client)
    assert values["memberno"] == "M-0003"
    signed = make_token(
        KEY, "hangame", "user-0003", NOW * 1000, "박민수", "park@example.com", "010-3456-7890", "M-0003"
    )
    assert values["token"] == signed


def test_given_signed_link_when_sent_then_encoded_like_javascript_and_never_kept(client):
    log_in(client)
    response = client.get("/oc/open")
    query = urlsplit(response.headers["location"]).query
    assert "username=%ED%99%8D%EA%B8%B8%EB%8F%99" in query
    assert "+" not in query
    assert query.endswith("%3D")
    assert (response.headers["cache-control"], response.headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_given_later_tap_when_signed_then_time_of_the_tap(client, clock):
    log_in(client)
    clock.seconds += 600
    _address, values = open_link(client)
    assert values["time"] == str((NOW + 600) * 1000)
    assert vouched(client, "user-0001", values["token"])["login"] == "true"


def test_given_guest_when_tapped_then_plain_address(client):
    assert open_link(client, "ticket") == (f"{OC}/hangame/hc/ticket/", {})


def test_given_unknown_page_or_no_key_when_tapped_then_a_calm_page(client):
    assert client.get("/oc/open?page=//evil.example").status_code == 503
    with TestClient(create_app(Config(oc_service="hangame")), follow_redirects=False) as unset:
        log_in(unset)
        assert unset.get("/oc/open").status_code == 503
        assert "OC_KEY" in unset.get("/").text


def test_given_key_file_that_changes_when_tapped_then_the_new_key_signs(tmp_path, clock):
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n", encoding="utf-8")
    config = Config(oc_base_url=OC, oc_service="hangame", oc_key_file=str(path))
    with TestClient(create_app(config, clock), follow_redirects=False) as client:
        log_in(client)
        old = open_link(client)[1]["token"]
        path.write_text("0" * 32, encoding="utf-8")
        assert open_link(client)[1]["token"] != old


# --- Token verification URL


def test_given_issued_token_when_asked_then_vouched_for_without_a_cookie(client):
    log_in(client)
    token = open_link(client)[1]["token"]
    client.cookies.clear()
    assert vouched(client, "user-0001", token) == {"login": "true", "usercode": "user-0001"}


def test_given_token_never_issued_when_asked_then_logged_out(client):
    log_in(client)
    signed_elsewhere = make_token(KEY, "hangame", "user-0001", NOW * 1000, "홍길동")
    assert vouched(client, "user-0001", signed_elsewhere) == logged_out()
    assert client.get("/oc/verify").json() == logged_out()


def test_given_token_of_another_member_when_asked_then_logged_out(client):
    log_in(client)
    token = open_link(client)[1]["token"]
    assert vouched(client, "user-0001", token)["login"] == "true"
    assert vouched(client, "user-0002", token) == logged_out()
    assert vouched(client, "USER-0001", token) == logged_out()


def test_given_five_minutes_when_asked_then_logged_out(client, clock):
    log_in(client)
    token = open_link(client)[1]["token"]
    clock.seconds += 299
    assert vouched(client, "user-0001", token)["login"] == "true"
    clock.seconds += 1
    assert vouched(client, "user-0001", token) == logged_out()


def test_given_logged_out_or_other_member_when_asked_then_logged_out(client):
    log_in(client)
    first = open_link(client)[1]["token"]
    client.post("/logout")
    assert vouched(client, "user-0001", first) == logged_out()
    log_in(client)
    second = open_link(client, "list")[1]["token"]
    log_in(client, "kim")
    assert vouched(client, "user-0001", second) == logged_out()


# --- login


def test_given_login_page_when_used_then_back_to_where_one_came_from(client):
    assert 'value="/oc/open?page=list"' in client.get("/login?returnUrl=/oc/open?page%3Dlist").text
    response = log_in(client, return_url="/oc/open?page=list")
    assert (response.status_code, response.headers["location"]) == (303, "/oc/open?page=list")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "홍길동" in client.get("/").text


@pytest.mark.parametrize("login", ["hong", "nobody", ""])
def test_given_wrong_login_when_sent_then_told_and_name_kept_but_no_session(client, login):
    response = client.post("/login", data={"login": login, "password": "<wrong>", "returnUrl": '/"><b>'})
    assert response.status_code == 422
    assert "아이디 또는 비밀번호가 맞지 않습니다." in response.text
    assert f'name="login" value="{login}"' in response.text
    assert "&lt;wrong" not in response.text
    assert "<wrong" not in response.text
    assert '"><b>' not in response.text
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", f"{OC}.evil.example/", "x",
     f"{OC}@evil.example/", "/a\r\nX: y", "http://[::1"],
)  # fmt: skip
def test_given_foreign_return_address_when_logged_in_then_home(client, target):
    assert log_in(client, return_url=target).headers["location"] == "/"


# --- POST type


def test_given_help_centre_as_return_address_when_logged_in_then_member_data_by_form(client):
    target = f"{OC}/hangame/hc/ticket/list/?from=app&language=ko"
    response = log_in(client, return_url=target)
    page = client.get(response.headers["location"])
    token = make_token(
        KEY, "hangame", "user-0001", NOW * 1000, "홍길동", "hong@example.com", "010-1234-5678", None, target
    )
    assert f'action="{OC}/v2/enduser/remote.json"' in page.text
    assert f'name="token" value="{token}"' in page.text
    assert f'name="returnUrl" value="{target.replace("&", "&amp;")}"' in page.text
    assert 'name="service" value="hangame"' in page.text
    assert "memberno" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert f"form-action 'self' {OC}" in page.headers["content-security-policy"]
    again = client.get("/login", params={"returnUrl": target})
    assert (again.status_code, again.headers["location"]) == (303, response.headers["location"])


def test_given_guest_when_post_button_is_tapped_then_login_first(client):
    response = client.get("/oc/remote?page=list")
    address, _, query = response.headers["location"].partition("?")
    assert (response.status_code, address) == (303, "/login")
    assert parse_qs(query) == {"returnUrl": [f"{OC}/hangame/hc/ticket/list/"]}


def test_given_foreign_return_address_when_form_is_asked_for_then_our_page(client):
    log_in(client)
    page = client.get("/oc/remote", params={"returnUrl": "https://evil.example/"}).text
    assert "evil" not in page
    assert f'name="returnUrl" value="{OC}/hangame/hc/"' in page


def test_given_help_centre_origin_when_status_is_asked_then_answered_with_credentials(client):
    asked = {"Origin": OC}
    response = client.get("/oc/login-status", headers=asked)
    assert response.json() == logged_out()
    assert response.headers["access-control-allow-origin"] == OC
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["vary"] == "Origin"
    log_in(client, "kim")
    assert client.get("/oc/login-status", headers=asked).json() == {"login": "true", "usercode": "user-0002"}


def test_given_other_origin_when_status_is_asked_then_no_permission(client):
    response = client.get("/oc/login-status", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in response.headers
    assert "access-control-allow-credentials" not in response.headers
    assert response.headers["vary"] == "Origin"


def test_given_preflight_when_asked_then_parameter_headers_are_allowed(client):
    response = client.options("/oc/login-status", headers={"Origin": OC, "Access-Control-Request-Headers": "memberno"})
    assert (response.status_code, response.content) == (204, b"")
    assert "memberno" in response.headers["access-control-allow-headers"]


def test_given_cross_site_setting_when_logged_in_then_cookie_says_so(clock):
    config = Config(oc_base_url=OC, oc_service="hangame", oc_key=KEY, same_site="none")
    with TestClient(create_app(config, clock), follow_redirects=False) as client:
        cookie = log_in(client).headers["set-cookie"].lower()
    assert "samesite=none" in cookie
    assert "secure" in cookie


# --- pages


@pytest.mark.parametrize("path", ["/", "/login", "/static/shop.css", "/static/submit.js"])
def test_given_page_when_read_then_served_under_a_strict_policy(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "style=" not in response.text
    assert "onclick" not in response.text


def test_given_home_when_read_then_buttons_for_both_types(client):
    page = client.get("/").text
    for label in ("헬프센터 열기 (GET)", "문의하기", "문의내역", "헬프센터 열기 (POST)", "로그인"):
        assert label in page


def test_given_environment_when_read_then_settings(monkeypatch):
    values = {"SHOP_HOST": "0.0.0.0", "SHOP_PORT": "9100", "OC_BASE_URL": f"{OC}/", "OC_SERVICE": "s", "OC_KEY": "k"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("OC_KEY_FILE", raising=False)
    config = Config.from_environment()
    assert (config.host, config.port, config.oc_base_url, config.oc_service, config.key) == (
        "0.0.0.0", 9100, OC, "s", "k",
    )  # fmt: skip
    assert config.ready


# --- POST type, server side


def test_given_member_when_server_side_is_tapped_then_called_without_return_url_and_passed_on(clock):
    calls = []

    def help_centre(request):
        calls.append(request)
        return httpx.Response(200, json={"header": {}, "result": {"content": "a+b/c"}})

    config = Config(oc_base_url=OC, oc_service="hangame", oc_post_service="web", oc_key=KEY)
    transport = httpx.MockTransport(help_centre)
    with TestClient(create_app(config, clock, transport), follow_redirects=False) as client:
        assert client.get("/oc/remote-server").headers["location"] == "/login?returnUrl=%2Foc%2Fremote-server"
        log_in(client)
        response = client.get("/oc/remote-server")
    assert response.headers["location"] == f"{OC}/web/hc/?accessToken=a%2Bb%2Fc"
    assert response.headers["cache-control"] == "no-store"
    (call,) = calls
    assert str(call.url) == "http://127.0.0.1:8000/api/v2/enduser/remote.json"
    assert call.headers["host"] == "demo.oc.localhost:8000"
    fields = {name: values[0] for name, values in parse_qs(call.content.decode()).items()}
    token = make_token(KEY, "web", "user-0001", NOW * 1000, "홍길동", "hong@example.com", "010-1234-5678")
    assert (fields["service"], fields["token"], "returnUrl" in fields) == ("web", token, False)


@pytest.mark.parametrize("answer", [httpx.Response(400, json={"result": None}), httpx.Response(200, text="no")])
def test_given_help_centre_that_refuses_when_server_side_is_tapped_then_a_calm_page(clock, answer):
    config = Config(oc_base_url=OC, oc_service="hangame", oc_key=KEY)
    transport = httpx.MockTransport(lambda request: answer)
    with TestClient(create_app(config, clock, transport), follow_redirects=False) as client:
        log_in(client)
        assert client.get("/oc/remote-server").status_code == 502


def test_given_an_address_on_the_help_centres_site_when_opened_elsewhere_then_post_buttons_lead_there(clock):
    there = "http://shop.demo.oc.localhost:8100"
    config = Config(oc_base_url=OC, oc_service="shop", oc_post_service="web", oc_key=KEY, post_url=there)
    with TestClient(create_app(config, clock), base_url="http://localhost:8100") as client:
        assert f'href="{there}/oc/remote?page=list"' in client.get("/").text
    with TestClient(create_app(config, clock), base_url=there, follow_redirects=False) as client:
        assert 'href="/oc/remote?page=list"' in client.get("/").text
        log_in(client)
        page = client.get("/oc/remote?page=list").text
    assert 'name="service" value="web"' in page
    assert f'name="returnUrl" value="{OC}/web/hc/ticket/list/"' in page


# --- the help centre inside a page of the shop ---------------------------------------------------------------------


def test_given_a_member_when_embedded_then_the_frames_address_signs_and_says_that_it_is_a_frame(client):
    log_in(client)
    page = client.get("/oc/embed")
    assert f"frame-src 'self' {OC};" in page.headers["content-security-policy"]
    assert 'id="ocPage"' in page.text
    assert 'src="/oc/open?page=home&amp;iframe=true"' in page.text
    address, _, query = client.get("/oc/open?page=home&iframe=true").headers["location"].partition("?")
    fields = parse_qs(query, strict_parsing=True)
    assert address == f"{OC}/hangame/hc/"
    assert fields.pop("iframe") == ["true"]
    assert {"usercode", "token", "time"} <= set(fields)
    assert vouched(client, fields["usercode"][0], fields["token"][0])
