"""A member's way by the POST method in a real browser, with the demo's second service and the example shop."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser]


def log_in(page: Page, name: str) -> None:
    page.locator("input[name=login]").fill(name)
    page.locator("input[type=password]").fill("shop1234")
    page.locator("button.button").click()


def test_given_a_guest_who_has_written_when_logging_in_then_the_text_is_there_and_gone_once_sent(
    facts: dict[str, Any], visitor: Any
) -> None:
    form = facts["post_service"]["helpcenter_url"] + "ticket/"
    someone = visitor()
    page, content = someone.page, someone.page.locator("[name=content]")
    page.goto(form)
    page.locator("[name=category]").select_option(index=1)
    page.locator("[name=subject]").fill("책상이 흔들려요")
    content.fill("다리 하나가 짧습니다.")
    file = {"name": "다리.txt", "mimeType": "text/plain", "buffer": "짧음".encode()}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".hc-file-size")).to_have_text("6 B · 업로드 완료")
    page.get_by_role("link", name="로그인").click()
    log_in(page, "hong")
    expect(page.locator(".hc-member")).to_have_text("홍길동")
    expect(page.locator("[name=email]")).to_have_value("ho***@example.com")
    expect(content).to_have_value("다리 하나가 짧습니다.")
    expect(page.locator(".hc-count")).to_have_text("12 / 5,000")
    expect(page.locator(".hc-file-size")).to_have_text("6 B · 업로드 완료")
    page.locator("[name=personal_agree]").check()
    page.get_by_role("button", name="문의 보내기").click()
    expect(page).to_have_url(re.compile("/done/"))
    page.go_back()
    expect(content).to_have_value("")
    expect(page.locator("[name=subject]")).to_have_value("")
    # what a member has begun is not for whoever comes after
    content.fill("홍길동의 글")
    page.goto(facts["post_service"]["helpcenter_url"])
    someone.context.clear_cookies()
    page.goto(form)
    expect(page.locator(".hc-member")).to_have_text("비회원")
    expect(content).to_have_value("")
    assert someone.complaints == []


def test_given_members_of_the_shop_when_they_log_in_and_out_there_then_the_help_centre_follows_examples_48_to_50(
    facts: dict[str, Any], visitor: Any
) -> None:
    home, shop = facts["post_service"]["helpcenter_url"], facts["integrator"]["post_url"]
    someone = visitor()
    page, who = someone.page, someone.page.locator(".hc-member")
    # a guest who wants the list comes to the shop's login page, and back to the list as a member
    page.goto(home + "ticket/list/")
    expect(page).to_have_url(re.compile(re.escape(shop + "login?returnUrl=")))
    log_in(page, "hong")
    expect(page).to_have_url(home + "ticket/list/")
    expect(who).to_have_text("홍길동")
    expect(page.locator("[data-after-status]")).to_have_count(0)  # the enquiries came after the answer
    # logged out at the shop: a guest on the next page, who may write and may log in
    at_shop = someone.context.new_page()
    at_shop.goto(shop)
    at_shop.get_by_text("로그아웃").click()
    page.goto(home)
    expect(who).to_have_text("비회원")
    page.goto(home + "ticket/")
    expect(page.get_by_role("link", name="로그인")).to_be_visible()
    # logged in there as somebody else: the form asks, and the shop hands the new member over
    at_shop.goto(shop + "login")
    log_in(at_shop, "kim")
    page.goto(home + "ticket/")
    expect(who).to_have_text("김영희")
    expect(page.locator("[name=name]")).to_have_value("김영희")
    # an enquiry, and a further question in a page whose content came after the answer
    page.locator("[name=category]").select_option(index=1)
    page.locator("[name=subject]").fill("색상을 바꿀 수 있나요?")
    page.locator("[name=content]").fill("주문한 책상의 색상을 바꾸고 싶습니다.")
    page.locator("[name=personal_agree]").check()
    page.get_by_role("button", name="문의 보내기").click()
    page.get_by_role("link", name="문의내역 보기").click()
    page.get_by_role("link", name="색상을 바꿀 수 있나요?").click()
    page.get_by_text("재문의하기").click()
    page.locator("[name=content]").fill("흰색이면 됩니다.")
    expect(page.locator(".hc-count")).to_have_text("9 / 5,000")
    page.locator("input[type=file]").set_input_files(
        {"name": "색상.txt", "mimeType": "text/plain", "buffer": "흰색".encode()}
    )
    expect(page.get_by_text("업로드 완료")).to_be_visible()
    page.get_by_role("button", name="재문의 보내기").click()
    expect(page.get_by_text("재문의를 접수했습니다.")).to_be_visible()
    expect(page.locator(".hc-entry")).to_contain_text("흰색이면 됩니다.")
    expect(page.get_by_role("link", name="색상.txt", exact=True)).to_be_visible()
    # the server side
    at_shop.goto(shop)
    at_shop.get_by_text("로그아웃").click()
    at_shop.goto(shop + "login")
    log_in(at_shop, "park")
    at_shop.get_by_text("서버에서 전달").click()
    expect(at_shop).to_have_url(home)
    expect(at_shop.locator(".hc-member")).to_have_text("박민수")
    assert someone.complaints == []


def test_given_any_answer_about_the_login_when_a_page_asks_then_only_a_clear_one_ends_the_session_examples_49_and_50(
    facts: dict[str, Any], visitor: Any
) -> None:
    home = facts["post_service"]["helpcenter_url"]
    status_url = facts["integrator"]["login_status_url"]
    page = visitor().page
    who = page.locator(".hc-member")
    page.goto(home + "ticket/list/")
    log_in(page, "hong")
    expect(who).to_have_text("홍길동")
    usercode = page.locator("[data-login-status]").get_attribute("data-usercode")
    allowed = {
        "Access-Control-Allow-Origin": home.removesuffix(f"/{facts['post_service']['id']}/hc/"),
        "Access-Control-Allow-Credentials": "true",
    }

    def open_while_it_answers(body: object, status: int = 200) -> None:
        def answer(route: Route) -> None:
            if body is None:
                route.abort()
            else:
                text = body if isinstance(body, str) else json.dumps(body)
                route.fulfill(status=status, body=text, headers=allowed)

        page.unroute_all()
        page.route(f"{status_url}*", answer)
        with page.expect_request(f"{status_url}*"):
            page.goto(home)
        page.wait_for_load_state("networkidle")

    no = {"login": "false", "usercode": None}
    for unclear in (None, "<html>", "[]", {"login": True}, {"login": "true", "usercode": ""}):
        open_while_it_answers(unclear)
        expect(who).to_have_text("홍길동")
    open_while_it_answers(no, status=500)
    expect(who).to_have_text("홍길동")
    open_while_it_answers({"login": " TRUE ", "usercode": usercode, "more": [1]})
    expect(who).to_have_text("홍길동")
    for clear in (no, {"login": 1, "usercode": usercode}, {"login": True, "usercode": f"{usercode}x"}):
        open_while_it_answers(clear)
        expect(who).to_have_text("비회원")
        page.unroute_all()
        page.context.clear_cookies(name="hcvain")  # as if a minute had passed
        page.goto(home + "ticket/list/")  # the shop knows its member and hands the data over again
        expect(who).to_have_text("홍길동")
    # handed over each time and denied each time, as where the browser keeps the shop's cookie from our page
    page.context.clear_cookies(name="hcvain")
    page.route(f"{status_url}*", lambda route: route.fulfill(status=200, body=json.dumps(no), headers=allowed))
    page.goto(home + "ticket/list/")
    expect(page.get_by_role("heading", name="회원 인증에 실패했습니다.")).to_be_visible()
    expect(page.get_by_role("link", name="다시 시도")).to_be_visible()
