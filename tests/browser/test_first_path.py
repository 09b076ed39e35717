"""The nine steps from sign-up to an answered member enquiry, in a real browser, against a whole installation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.onboarding import (
    MOBILE,
    PASSWORD,
    Company,
    activate,
    add_service,
    button,
    choose_method,
    enter_mailed_code,
    finish_sign_up,
    first_sign_in,
    verify_email,
)
from tests.installation import Installation, Shop, link_in, text_of

pytestmark = [pytest.mark.browser]

CARD = "4111 1111 1111 1111"
DEBIT_CARD = "4000 0566 5566 5556"
COMPANY = Company(founder="founder@first.example", name="예스 & Co.", domain="my-shop1")
SECRETS = [
    PASSWORD,
    COMPANY.founder,
    MOBILE,
    CARD.replace(" ", ""),
    "hong@example.com",
    "guest@first.example",
    "01012345678",
]


@pytest.fixture(scope="module")
def shop(installation: Installation) -> Iterator[list[Shop]]:
    """The shop is started once the organization's Key is known."""
    running: list[Shop] = []
    yield running
    for each in running:
        each.stop()


def register_card(founder: Visitor, installation: Installation) -> None:
    page = founder.page
    expect(page).to_have_url(re.compile("/me/"))
    page.locator("[name=password]").fill(PASSWORD)
    button(page, "확인").click()
    founder.shot("payment-empty")
    choose_method(founder, installation, "신용카드")
    founder.shot("payment-identity")
    enter_mailed_code(founder, installation, COMPANY)
    for number in (DEBIT_CARD, CARD):
        page.locator("[name=number]").fill(number)
        page.locator("[name=expiry]").fill("12/40")
        page.locator("[name=birth_date]").fill("900101")
        button(page, "등록").click()
        if number == DEBIT_CARD:
            expect(page.get_by_text("체크카드는 등록할 수 없습니다.")).to_be_visible()
            expect(page.locator("[name=number]")).to_have_value("")
            founder.shot("payment-debit-refused")
    expect(page.get_by_text("•••• 1111")).to_be_visible()
    founder.shot("payment-registered")


def set_service_up(owner: Visitor, installation: Installation) -> str:
    add_service(owner, installation, COMPANY, "쇼핑몰", "shop")
    page, site = owner.page, installation.organization_url(COMPANY.domain)
    for name, role in (("이관리", "ROLE_FRONT_ADMIN"), ("김상담", "ROLE_FRONT_AGENT")):
        page.goto(site + "shop/agents/add/")
        page.get_by_role("radio", name=name).check(force=True)
        page.locator(f"[name=role][value={role}]").check(force=True)
        page.locator("[name=groups]").first.check()
        button(page, "상담원 추가").click()
        expect(page.get_by_text(name).first).to_be_visible()
    owner.shot("agents")
    page.goto(site + "admin/organization/")
    button(page, "보기").click()
    key = page.locator("#organization-key code").inner_text()
    assert re.fullmatch("[0-9a-f]{32}", key)
    owner.shot("organization-info")
    return key


def integrate(administrator: Visitor, installation: Installation, shop: Shop) -> None:
    page = administrator.page
    page.goto(installation.organization_url("my-shop1", "/shop/settings/member-integration/"))
    page.locator("[name=enabled][value=on]").check()
    page.locator("[name=login_type][value=get]").check(force=True)
    button(page, "저장").click()
    expect(page.locator("[name=token_verification_url][aria-invalid=true]")).to_be_visible()
    administrator.shot("member-integration-refused")
    page.locator("[name=token_verification_url]").fill(f"http://127.0.0.1:{shop.port}/oc/verify")
    button(page, "저장").click()
    expect(page.get_by_text("저장했습니다").first).to_be_visible()
    administrator.shot("member-integration")


def write_enquiry(person: Visitor, *, subject: str, email: str = "", shot: str) -> str:
    page = person.page
    button(page, "문의 보내기").click()
    expect(page.locator("[name=subject][aria-invalid=true]")).to_be_visible()
    person.shot(f"{shot}-refused")
    if email:
        page.locator("[name=email]").fill(email)
        page.locator("[name=name]").fill("이손님")
    page.locator("[name=subject]").fill(subject)
    page.locator("[name=content]").fill("어제 주문한 상품이 아직 오지 않았습니다.\n언제쯤 받을 수 있을까요?")
    page.locator("[name=personal_agree]").check()
    person.shot(shot)
    button(page, "문의 보내기").click()
    number = page.get_by_text(re.compile(r"^T\d{13}[0-9A-Za-z]{5}$"))
    expect(number).to_be_visible()
    person.shot(f"{shot}-done")
    return str(number.inner_text())


def answer(agent: Visitor, installation: Installation, *, subject: str) -> None:
    page = agent.page
    page.goto(installation.organization_url("my-shop1", "/shop/tickets/?menu=unassigned"))
    agent.shot("tickets-unassigned")
    page.get_by_role("link", name=subject).click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible()
    page.locator("#ticket").get_by_role("button", name="가져오기", exact=True).click()
    expect(page.locator("#ticket").get_by_text("처리중").first).to_be_visible()
    agent.shot("ticket-taken")
    page.locator("[name=body]").fill("안녕하세요, 고객님.\n오늘 오후에 도착할 예정입니다. 감사합니다.")
    page.locator("#id_to").select_option("solved")
    button(page, "처리하기").click()
    expect(page.locator("#ticket").get_by_text("해결").first).to_be_visible()
    agent.shot("ticket-solved")


def test_given_nobody_when_the_nine_steps_are_walked_then_a_member_gets_an_answer(
    installation: Installation, visitor: Any, shop: list[Shop]
) -> None:
    founder, owner, administrator, agent = visitor(), visitor(), visitor(), visitor()
    # 1–3: sign up, pay, found and activate
    founder.page.goto(installation.base_url + "/")
    founder.shot("platform-home")
    verify_email(founder, installation, COMPANY, membership="개인")
    finish_sign_up(founder)
    register_card(founder, installation)
    activate(founder, installation, COMPANY, (("owner", "오대표"), ("admin", "이관리"), ("agent", "김상담")))
    # 4: passwords, by the mail of registration or by Find password
    first_sign_in(owner, installation, COMPANY, "owner", by_find_password=True)
    first_sign_in(administrator, installation, COMPANY, "admin")
    first_sign_in(agent, installation, COMPANY, "agent")
    expect(agent.page.get_by_text("이용 권한이 없습니다. 조직관리자에게 문의하세요.")).to_be_visible()
    agent.shot("no-rights")
    # 5: service, agents, Key
    key = set_service_up(owner, installation)
    SECRETS.append(key)
    site = installation.organization_url("my-shop1")
    shop.append(Shop(oc_base_url=site.rstrip("/"), service="shop", key=key, log=installation.home / "shop.log"))
    shop[0].start()
    # 6: member integration
    integrate(administrator, installation, shop[0])
    # 7: a member of the shop opens the help centre
    member = visitor(viewport={"width": 375, "height": 812})
    page = member.page
    page.goto(shop[0].url + "/login")
    page.locator("input[type=text], input[name=id], input[name=login]").first.fill("hong")
    page.locator("input[type=password]").fill("shop1234")
    page.locator("form button").first.click()
    page.goto(shop[0].url + "/oc/open?page=ticket")
    expect(page).to_have_url(site + "shop/hc/ticket/")
    expect(page.get_by_text("홍길동").first).to_be_visible()
    member.shot("hc-member-form")
    # 8: enquiries of the member and of a guest
    number = write_enquiry(member, subject="배송이 안 왔어요", shot="hc-enquiry")
    page.goto(site + "shop/hc/ticket/list/")
    expect(page.get_by_text("접수 완료").first).to_be_visible()
    member.shot("hc-enquiries")
    guest = visitor()
    guest.page.goto(site + "shop/hc/")
    guest.shot("hc-main")
    guest.page.goto(site + "shop/hc/ticket/?usercode=hong&email=a@b.example&time=1&token=forged")
    expect(guest.page).to_have_url(site + "shop/hc/ticket/")
    expect(guest.page.get_by_text("회원 인증에 실패하여 비회원으로 접속되었습니다.")).to_be_visible()
    write_enquiry(guest, subject="교환하고 싶어요", email="guest@first.example", shot="hc-guest-enquiry")
    # 9: the agent takes, answers, solves; mail and help centre show it
    answer(agent, installation, subject="배송이 안 왔어요")
    mail = installation.wait_for_mail("hong@example.com", number)
    assert "오늘 오후에 도착할 예정입니다." in text_of(mail)
    page.goto(site + f"shop/hc/ticket/list/{number}/")
    expect(page.get_by_text("답변 완료").first).to_be_visible()
    expect(page.get_by_text("오늘 오후에 도착할 예정입니다.")).to_be_visible()
    expect(page.get_by_text("김상담")).to_have_count(0)  # agents' names are never shown
    member.shot("hc-enquiry-answered")
    # and nobody's console complained
    for person in (founder, owner, administrator, agent, member, guest):
        assert person.complaints == []


def test_given_the_walk_when_the_log_is_read_then_it_holds_no_secret(installation: Installation) -> None:
    log = installation.log.read_text()
    assert '"status": 200' in log  # there is something to look at
    held = [secret for secret in SECRETS if secret in log]
    links = [link_in(mail).rstrip("/").rsplit("/", 1)[-1] for mail in installation.mails() if "http" in text_of(mail)]
    assert held == []
    assert [token for token in links if len(token) > 30 and token in log] == []
    assert "token=" not in log
    assert "@" not in re.sub(r"[\w.]+@[\w.]*\.py", "", log)


def test_given_nobody_signed_in_when_unknown_addresses_are_opened_then_calm_pages_answer(
    installation: Installation, visitor: Any
) -> None:
    stranger = visitor()
    for number, address in enumerate(
        (
            installation.organization_url("nobody"),
            installation.organization_url("my-shop1", "/nowhere/hc/"),
            installation.base_url + "/nothing/",
        )
    ):
        response = stranger.page.goto(address)
        assert response is not None
        assert response.status == 404
        stranger.shot(f"not-found-{number}")
