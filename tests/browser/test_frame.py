"""The help centre inside pages of another site, and inside an app, in a real browser.

The shop at http://localhost:… and the help centre at http://demo.oc.localhost:… are two sites, so the browser gives
the frame no other cookies than partitioned ones.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.browser.conftest import browser_arguments, browser_path

pytestmark = [pytest.mark.browser]

SAMPLE = """<!doctype html><html lang="ko"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body>
<h1>고객센터</h1>
<iframe id="ocPage" src="{address}" width="100%" frameborder="0" scrolling="no"></iframe>
<script>
  window.got = [];
  window.addEventListener("message", function (e) {{
    window.got.push(e.data);
    if (e.data > 0) {{
      var height = Math.max(e.data, document.documentElement.clientHeight);
      document.getElementById("ocPage").style.height = (height + 70) + "px";
    }}
  }});
</script></body></html>"""
"""The parent page that integrators were given: at least as high as its window, plus 70 (spec 20, section 11)."""


@pytest.fixture(scope="module")
def company() -> Iterator[str]:
    """The address of a company's site: the sample page around whatever it is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (address,) = parse_qs(urlsplit(self.path).query).get("address", [""])
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(SAMPLE.format(address=escape(address)).encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def allowed(company: str, facts: dict[str, Any], chromium: Browser) -> str:
    """The same, entered by an administrator among the allowed frame origins."""
    context, site = chromium.new_context(locale="ko-KR"), facts["organization"]["url"]
    page = context.new_page()
    page.goto(f"{site}login/")
    page.locator("[name=login_id]").fill(facts["administrator"]["id"])
    page.locator("[name=password]").fill(facts["administrator"]["password"])
    page.locator("main button[type=submit]").first.click()
    for service in (facts["service"], facts["post_service"]):
        page.goto(f"{site}{service['id']}/settings/member-integration/")
        field = page.locator("[name=frame_origins]")
        field.fill(f"{field.input_value()}\n{company}/")
        page.get_by_role("button", name="저장").click()
        expect(field).to_have_value(re.compile(f"{company}$"))
    context.close()
    return company


def open_sample(page: Page, origin: str, address: str) -> FrameLocator:
    page.goto(f"{origin}/?{urlencode({'address': address})}")
    return page.frame_locator("#ocPage")


def heights(page: Page) -> list[Any]:
    """Return every message the parent got so far, once none has come for a second."""
    got: list[Any] = []
    for _ in range(10):
        before, got = got, page.evaluate("window.got")
        if got and got == before:
            break
        page.wait_for_timeout(1000)
    return got


def content_height(page: Page) -> int:
    return int(page.frames[1].evaluate("Math.ceil(document.querySelector('.hc-page').getBoundingClientRect().height)"))


def fill_in(frame: FrameLocator, subject: str) -> None:
    """Fill the form in. In frames by keys: it grows meanwhile, and a click may land where something was."""
    frame.locator("[name=category]").select_option(index=1)
    frame.locator("[name=subject]").fill(subject)
    frame.locator("[name=content]").fill("언제 도착하나요?")
    frame.locator("[name=personal_agree]").press("Space")


def test_given_a_member_of_the_shop_when_the_help_centre_is_in_its_page_then_the_member_writes_and_reads_there(
    facts: dict[str, Any], visitor: Any
) -> None:
    shop = facts["integrator"]["url"]
    someone = visitor()
    page = someone.page
    page.goto(f"{shop}login")
    page.locator("input[name=login]").fill("hong")
    page.locator("input[type=password]").fill("shop1234")
    page.locator("button.button").click()
    page.get_by_role("link", name="쇼핑몰 안에서 열기").click()
    frame = page.frame_locator("#ocPage")
    expect(frame.locator(".hc-member")).to_have_text("홍길동")
    expect(frame.locator(".hc-header, .hc-footer")).to_have_count(0)
    someone.shot("frame-main")
    # a link inside keeps both the frame and the member
    frame.get_by_role("link", name="문의하기").first.press("Enter")
    expect(frame.locator("[name=name]")).to_have_value("홍길동")
    assert "iframe=true" in page.frames[1].url
    someone.shot("frame-form")
    fill_in(frame, "프레임 안에서 보낸 문의")
    frame.locator("input[type=file]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(frame.get_by_text("첨부됨").or_(frame.get_by_text("업로드 완료")).first).to_be_visible()
    frame.get_by_role("button", name="문의 보내기").or_(
        frame.locator("form.inquiry-con button[type=submit]")
    ).first.press("Enter")
    expect(frame.locator(".hc-number strong")).to_have_text(re.compile(r"T\d{13}\w{5}"))
    frame.locator(".inquiry-btn .btn-primary").press("Enter")
    expect(frame.get_by_text("프레임 안에서 보낸 문의")).to_be_visible()
    someone.shot("frame-list")
    frame.get_by_role("link", name="프레임 안에서 보낸 문의").press("Enter")
    expect(frame.locator(".dataTit")).to_have_text("프레임 안에서 보낸 문의")
    # the cookies that made it work, and at the top there are none
    kept = {cookie["name"]: cookie for cookie in someone.context.cookies()}
    assert {"hcsid-frame", "csrftoken-frame"} <= set(kept)
    assert "hcsid" not in kept
    page.goto(facts["service"]["helpcenter_url"])
    expect(page.locator(".hc-member")).to_have_text("비회원")
    assert someone.complaints == []


def require_sign_in(chromium: Browser, facts: dict[str, Any], *, on: bool) -> None:
    """Turn the switch of attachments as an administrator does, by keyboard."""
    context, site = chromium.new_context(locale="ko-KR"), facts["organization"]["url"]
    page = context.new_page()
    page.goto(f"{site}login/")
    page.locator("[name=login_id]").fill(facts["administrator"]["id"])
    page.locator("[name=password]").fill(facts["administrator"]["password"])
    page.locator("main button[type=submit]").first.click()
    page.goto(f"{site}{facts['service']['id']}/settings/help-center/composition/")
    switch = page.get_by_label("첨부파일을 열 때 로그인 필요")
    if switch.is_checked() is not on:
        switch.press("Space")
        page.get_by_role("button", name="저장").press("Enter")
        expect(page.get_by_text("저장했습니다.")).to_be_visible()
    context.close()


def test_given_attachments_that_require_sign_in_when_the_member_is_in_a_frame_then_saved_there_only(
    facts: dict[str, Any], visitor: Any, chromium: Browser
) -> None:
    require_sign_in(chromium, facts, on=True)
    shop, site = facts["integrator"]["url"], facts["organization"]["url"].rstrip("/")
    page = visitor().page
    page.goto(f"{shop}login")
    page.locator("input[name=login]").fill("hong")
    page.locator("input[type=password]").fill("shop1234")
    page.locator("button.button").click()
    page.get_by_role("link", name="쇼핑몰 안에서 열기").click()
    frame = page.frame_locator("#ocPage")
    expect(frame.locator(".hc-member")).to_have_text("홍길동")
    frame.get_by_role("link", name="문의하기").first.press("Enter")
    expect(frame.locator("[name=name]")).to_have_value("홍길동")
    fill_in(frame, "프레임 안에서 보낸 파일")
    frame.locator("input[type=file]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(frame.get_by_text("업로드 완료")).to_be_visible()
    frame.locator("form.inquiry-con button[type=submit]").first.press("Enter")
    frame.locator(".hc-done .btn-primary").press("Enter")
    frame.get_by_role("link", name="프레임 안에서 보낸 파일").press("Enter")
    link = frame.get_by_role("link", name="a.txt").first
    with page.expect_download() as downloaded:
        link.press("Enter")
    assert downloaded.value.path().read_bytes() == b"hello"
    expect(frame.locator(".dataTit")).to_have_text("프레임 안에서 보낸 파일")  # the page is still there
    # a new window knows nobody, and says where to log in
    address = f"{site}{(link.get_attribute('href') or '').partition('?')[0]}"
    stranger = visitor()
    answer = stranger.page.goto(address)
    assert answer is not None
    assert answer.status == 404
    expect(stranger.page.get_by_text("문의하신 분만 볼 수 있습니다.")).to_be_visible()
    stranger.shot("attachment-missing")
    # turned off, whoever has the address opens it
    require_sign_in(chromium, facts, on=False)
    answer = stranger.page.goto(address)
    assert answer is not None
    assert (answer.status, answer.text()) == (200, "hello")


def test_given_the_sample_parent_when_a_guest_walks_then_heights_are_numbers_and_stop_example_55(
    facts: dict[str, Any], visitor: Any, allowed: str
) -> None:
    origin, home = allowed, facts["service"]["helpcenter_url"]
    someone = visitor()
    page = someone.page
    frame = open_sample(page, origin, f"{home}?iframe=true")
    expect(frame.locator(".main_banner")).to_be_visible()
    got = heights(page)
    assert got
    assert all(type(each) is int and each > 0 for each in got)
    assert got[-1] == content_height(page)
    # the old sample changes the address and leaves the mark away
    page.evaluate(
        "(address) => { window.got = []; document.getElementById('ocPage').src = address; }", f"{home}ticket/"
    )
    expect(frame.locator("[name=subject]")).to_be_visible()
    expect(frame.locator(".hc-header, .hc-footer")).to_have_count(0)
    first = heights(page)
    assert first[-1] == content_height(page) > 500
    # content that changes is told once, and the frame does not grow by itself
    page.evaluate("window.got = []")
    frame.locator("form.inquiry-con button[type=submit]").press("Enter")
    expect(frame.locator("[aria-invalid=true]").first).to_be_visible()
    second = heights(page)
    assert second[-1] == content_height(page) > first[-1]
    page.evaluate("window.got = []")
    page.set_viewport_size({"width": 1280, "height": 1500})
    page.evaluate("document.getElementById('ocPage').style.height = '4000px'")
    page.frames[1].evaluate("window.postMessage(5, '*'); window.postMessage('x', '*')")
    page.wait_for_timeout(700)
    assert page.evaluate("window.got") == []
    # and the guest's enquiry arrives, from a site whose frames get no ordinary cookie
    fill_in(frame, "손님 문의")
    frame.locator("[name=email]").fill("guest@example.com")
    frame.locator("form.inquiry-con button[type=submit]").press("Enter")
    expect(frame.locator(".hc-number strong")).to_be_visible()


@pytest.fixture
def without_frame_cookies(
    facts: dict[str, Any], allowed: str, chromium: Browser, tmp_path: Path
) -> Iterator[BrowserContext]:
    """A Chromium whose owner lets the help centre keep cookies, but none at all inside the company's pages."""
    home = urlsplit(facts["service"]["helpcenter_url"])
    rule = {f"{home.scheme}://{home.netloc},{allowed}": {"setting": 2}}
    (tmp_path / "Default").mkdir()
    preferences = {"profile": {"content_settings": {"exceptions": {"cookies": rule}}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    context = chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=browser_path(), args=browser_arguments(), locale="ko-KR"
    )
    yield context
    context.close()


def test_given_no_cookies_in_frames_when_a_guest_writes_then_a_window_of_its_own_is_offered(
    facts: dict[str, Any], allowed: str, without_frame_cookies: BrowserContext
) -> None:
    page = without_frame_cookies.new_page()
    form = f"{facts['service']['helpcenter_url']}ticket/?language=ko"
    frame = open_sample(page, allowed, f"{form}&iframe=true")
    offer = frame.get_by_role("link", name="새 창에서 열기")
    expect(offer).to_be_visible()
    assert without_frame_cookies.cookies() == []
    assert heights(page)[-1] == content_height(page)
    with without_frame_cookies.expect_page() as opened:
        offer.press("Enter")
    window = opened.value
    window.wait_for_load_state()
    assert window.url == form
    assert window.evaluate("window.opener") is None
    expect(window.locator(".hc-header")).to_be_visible()
    expect(window.locator("[data-own-window]")).to_have_count(0)
    window.locator("input[type=file]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(window.locator(".hc-files")).to_contain_text("업로드 완료")
    # the enquiry itself can be sent from the frame, too
    fill_in(frame, "쿠키 없이 보낸 문의")
    frame.locator("[name=email]").fill("guest@example.com")
    frame.locator("form.inquiry-con button[type=submit]").press("Enter")
    expect(frame.locator(".hc-number strong")).to_be_visible()


def test_given_frames_that_keep_cookies_when_opened_then_no_other_window_is_offered(
    facts: dict[str, Any], visitor: Any, allowed: str
) -> None:
    page = visitor().page
    frame = open_sample(page, allowed, f"{facts['service']['helpcenter_url']}ticket/?iframe=true")
    expect(frame.locator("[name=subject]")).to_be_visible()
    heights(page)
    expect(frame.locator("[data-own-window]")).to_be_hidden()
    assert all("hcprobe" not in cookie["name"] for cookie in page.context.cookies())


def test_given_a_form_that_is_too_old_when_sent_in_a_frame_then_the_page_says_so_and_its_height_is_told(
    facts: dict[str, Any], visitor: Any, allowed: str
) -> None:
    page = visitor().page
    frame = open_sample(page, allowed, f"{facts['service']['helpcenter_url']}ticket/?iframe=true")
    frame.locator("form.inquiry-con [name=csrfmiddlewaretoken]").evaluate("field => field.value = 'x'.repeat(64)")
    heights(page)
    page.evaluate("window.got = []")
    frame.locator("form.inquiry-con button[type=submit]").press("Enter")
    expect(frame.get_by_role("heading", name="페이지를 오래 열어 두어 전송되지 않았습니다.")).to_be_visible()
    assert heights(page)[-1] == content_height(page) > 100
    page.evaluate("window.got = []; document.getElementById('ocPage').style.height = '4000px'")
    page.wait_for_timeout(700)
    assert page.evaluate("window.got") == []


def test_given_only_members_may_go_on_when_framed_then_the_login_page_takes_the_whole_window(
    facts: dict[str, Any], visitor: Any, allowed: str
) -> None:
    someone, shop = visitor(), facts["integrator"]["post_url"]
    page, home = someone.page, facts["post_service"]["helpcenter_url"]
    frame = open_sample(page, allowed, f"{home}ticket/list/?iframe=true")
    button = frame.locator(".d-empty").get_by_role("link", name="로그인")
    expect(button).to_be_visible()
    someone.shot("frame-login")
    assert page.url.startswith(allowed)
    button.click()
    expect(page).to_have_url(re.compile(re.escape(f"{shop}login?returnUrl=")))
    page.locator("input[name=login]").fill("hong")
    page.locator("input[type=password]").fill("shop1234")
    page.locator("button.button").click()
    expect(page).to_have_url(f"{home}ticket/list/")
    expect(page.locator(".hc-header .hc-member")).to_have_text("홍길동")
    # back in the company's page the frame is a guest again: another site, other cookies; a guest writes there
    frame = open_sample(page, allowed, f"{home}ticket/")
    expect(frame.locator(".hc-member")).to_have_text("비회원")
    expect(frame.locator("[name=subject]")).to_be_visible()
    assert someone.complaints == []


def test_given_a_parent_that_is_not_listed_when_opened_then_the_browser_blocks_the_frame_example_56(
    facts: dict[str, Any], visitor: Any, company: str, allowed: str
) -> None:
    someone, evil = visitor(), company.replace("localhost", "evil.localhost")
    open_sample(someone.page, evil, f"{facts['service']['helpcenter_url']}?iframe=true")
    someone.page.wait_for_timeout(1000)
    assert someone.page.evaluate("window.got") == []
    assert any("frame-ancestors" in complaint for complaint in someone.complaints)
    # staff's pages are in nobody's frame
    other = visitor()
    open_sample(other.page, allowed, f"{facts['organization']['url']}login/")
    other.page.wait_for_timeout(1000)
    assert any("frame-ancestors" in complaint for complaint in other.complaints)


BRIDGES = {
    "android": "window.OnlineContactApp = { requestAttachmentPermission() { asked(); } };",
    "ios": "window.webkit = { messageHandlers: { onlineContactApp: { postMessage(text) { asked(text); } } } };",
    "none": "",
}


def app_script(kind: str, answer: str) -> str:
    reply = f"setTimeout(() => window.onAttachmentPermission({answer}), 50);" if answer else ""
    return f"window.asks = []; function asked(text) {{ window.asks.push(text ?? ''); {reply} }}\n{BRIDGES[kind]}"


@pytest.mark.parametrize(
    ("kind", "answer", "asks"), [("android", "true", [""]), ("ios", "true", ["attachmentPermission"]), ("none", "", [])]
)
def test_given_the_app_allows_or_knows_no_bridge_when_files_are_chosen_then_the_chooser_opens(
    facts: dict[str, Any], visitor: Any, kind: str, answer: str, asks: list[str]
) -> None:
    page = visitor(has_touch=True, viewport={"width": 375, "height": 812}).page
    page.add_init_script(app_script(kind, answer))
    page.goto(f"{facts['service']['helpcenter_url']}?from=app")
    page.goto(f"{facts['service']['helpcenter_url']}ticket/")  # kept for the session
    with page.expect_file_chooser():
        page.locator(".hc-drop label.btn").first.click()
    with page.expect_file_chooser():  # allowed once is allowed
        page.locator(".hc-drop label.btn").first.click()
    assert page.evaluate("window.asks") == asks


def test_given_the_app_says_nothing_when_three_seconds_are_over_then_the_chooser_opens(
    facts: dict[str, Any], visitor: Any
) -> None:
    page = visitor().page
    page.add_init_script(app_script("android", ""))
    page.goto(f"{facts['service']['helpcenter_url']}ticket/?from=app")
    with page.expect_file_chooser(timeout=5000):
        page.locator(".hc-drop label.btn").first.click()
        page.wait_for_timeout(200)
        assert page.evaluate("window.asks") == [""]


def test_given_the_app_refuses_when_files_are_chosen_then_disabled_and_the_enquiry_can_be_sent_example_36(
    facts: dict[str, Any], visitor: Any
) -> None:
    someone = visitor(viewport={"width": 375, "height": 812})
    page = someone.page
    page.add_init_script(app_script("android", "false"))
    page.goto(f"{facts['service']['helpcenter_url']}ticket/?from=app")
    opened: list[Any] = []
    page.on("filechooser", lambda chooser: opened.append(chooser))
    page.locator(".hc-drop label.btn").first.click()
    expect(page.get_by_text("첨부할 수 없습니다")).to_be_visible()
    expect(page.locator("input[type=file]")).to_be_disabled()
    someone.shot("app-refused")
    page.locator(".hc-drop label.btn").first.click(force=True)
    assert opened == []
    frame: Any = page
    fill_in(frame, "앱에서 보낸 문의")
    page.locator("[name=email]").fill("app@example.com")
    page.locator("form.inquiry-con button[type=submit]").click()
    expect(page.locator(".hc-number strong")).to_be_visible()
    assert someone.complaints == []
