"""The steps from sign-up to the first service, as a person takes them; what differs is handed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.installation import Installation, link_in, text_of

PASSWORD = "Ocean!72"
MOBILE = "010-9999-8888"


@dataclass(frozen=True)
class Company:
    """Who signs up, and what their organization is called."""

    founder: str
    name: str
    domain: str

    def address(self, login_id: str) -> str:
        return f"{login_id}@{self.founder.partition('@')[2]}"


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Any:
    return page.get_by_role("link", name=name, exact=True)


def verify_email(founder: Visitor, installation: Installation, company: Company, *, membership: str) -> None:
    """Country, membership type, terms and the e-mail check; afterwards the form of information is open."""
    page = founder.page
    page.goto(installation.base_url + "/signup/")
    page.get_by_text("대한민국").first.click()
    founder.shot("signup-country")
    button(page, "다음").click()
    page.get_by_text(membership, exact=True).first.click()
    button(page, "다음").click()
    button(page, "다음").click()  # nothing ticked: refused
    expect(page.get_by_text("필수 항목에 동의해야 합니다.").first).to_be_visible()
    founder.shot("signup-terms-refused")
    for box in page.get_by_role("checkbox").all()[:3]:
        box.check()
    button(page, "다음").click()
    page.locator("[name=email]").fill(company.founder)
    button(page, "인증 메일 보내기").click()
    founder.shot("signup-mail-sent")
    page.goto(link_in(installation.wait_for_mail(company.founder)))
    button(page, "인증").click()
    page.goto(installation.base_url + "/signup/email/")
    expect(page).to_have_url(re.compile("/signup/information/"))
    page.locator("[name=name]").fill("김창업")
    page.locator("[name=mobile]").fill(MOBILE)


def finish_sign_up(founder: Visitor, attach: Callable[[], None] | None = None) -> None:
    """Send the form of information, first with a password that is refused. `attach` chooses its file each time."""
    page = founder.page
    for password in ("short", PASSWORD):
        if attach is not None:
            attach()  # a browser forgets the chosen file when the form comes back
        page.locator("[name=password]").fill(password)
        page.locator("[name=again]").fill(password)
        button(page, "회원가입").click()
        if password == "short":
            expect(page.locator("[name=name]")).to_have_value("김창업")  # what was typed stays
            expect(page.locator("[name=password]")).to_have_value("")
            founder.shot("signup-information-refused")
    expect(page).to_have_url(re.compile("/welcome/"))
    founder.shot("signup-welcome")
    button(page, "확인").click()


def choose_method(founder: Visitor, installation: Installation, label: str) -> None:
    """Choose the payment method whose label begins so, and agree."""
    page = founder.page
    page.goto(installation.base_url + "/me/payment/add/")
    page.get_by_role("radio", name=re.compile(f"^{label}")).check(force=True)
    page.locator("[name=consent]").check()
    button(page, "등록").click()
    expect(page.get_by_role("heading", name="본인 인증")).to_be_visible()


def enter_mailed_code(founder: Visitor, installation: Installation, company: Company) -> None:
    """The identity check of an installation without a telephone company: a code by mail."""
    mail = installation.wait_for_mail(company.founder, "등록 코드")
    code = re.search(r"\b\d{6}\b", text_of(mail))
    assert code is not None
    founder.page.locator("[name=code]").fill(code[0])
    button(founder.page, "확인").click()


def activate(
    founder: Visitor, installation: Installation, company: Company, people: tuple[tuple[str, str], ...]
) -> None:
    """Found the organization and switch Online Contact on; the first of `people` becomes OWNER."""
    page = founder.page
    page.goto(installation.base_url + "/console/")
    founder.shot("console-empty")
    page.get_by_text("조직을 생성해 주세요").first.click()
    page.locator("dialog[open] [name=name]").fill(company.name)
    page.locator("dialog[open]").get_by_role("button", name="확인").click()
    link(page, "서비스 선택").first.click()
    founder.shot("console-catalogue")
    page.locator(".o-service-action a").click()
    page.locator("[name=domain]").fill("-shop")
    button(page, "저장").click()
    expect(page.locator("[name=domain]")).to_have_value("-shop")
    founder.shot("wizard-domain-refused")
    page.locator("[name=domain]").fill(company.domain)
    expect(page.get_by_text("사용할 수 있는 도메인입니다")).to_be_visible()
    founder.shot("wizard-domain")
    button(page, "저장").click()
    for login_id, name in people:
        page.locator("[data-dialog=new-member]").first.click()
        dialog = page.locator("dialog[open]")
        dialog.locator("[name=login_id]").fill(login_id)
        dialog.locator("[name=name]").fill(name)
        dialog.locator("[name=email]").fill(company.address(login_id))
        dialog.locator("button[type=submit]").click()
        expect(page.get_by_role("cell", name=login_id, exact=True)).to_be_visible()
    button(page, "다음").click()
    expect(page.get_by_role("alert").first).to_be_visible()  # nobody is ticked
    page.locator(f"[name=owner][aria-label^={people[0][0]}]").check()
    founder.shot("wizard-members")
    button(page, "다음").click()
    expect(page.get_by_text(installation.organization_url(company.domain)).first).to_be_visible()
    expect(page.get_by_text(people[0][0], exact=True)).to_be_visible()
    founder.shot("wizard-done")


def first_sign_in(
    person: Visitor, installation: Installation, company: Company, login_id: str, *, by_find_password: bool = False
) -> None:
    """Set a password by the mail of registration, or by Find password, and log in with it."""
    page, address = person.page, company.address(login_id)
    mail = installation.wait_for_mail(address)
    if by_find_password:
        page.goto(installation.organization_url(company.domain, "/login/find-password/"))
        page.locator("[name=login_id]").fill(login_id)
        page.locator("[name=email]").fill(address)
        page.locator("main form button[type=submit]").click()
        mail = installation.wait_for_mail(address, "재설정")
    page.goto(link_in(mail))
    person.shot(f"password-{login_id}")
    page.locator("[name=password]").fill("abcd!234")
    page.locator("[name=again]").fill("abcd!234")
    button(page, "비밀번호 저장").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=again]").fill(PASSWORD)
    button(page, "비밀번호 저장").click()
    expect(page.get_by_text("새 비밀번호가 저장되었습니다.")).to_be_visible()
    person.shot(f"login-{login_id}")
    page.locator("[name=login_id]").fill(login_id)
    page.locator("[name=password]").fill(PASSWORD)
    button(page, "로그인").click()


def add_service(owner: Visitor, installation: Installation, company: Company, name: str, service_id: str) -> None:
    """Add the organization's first service in its two steps, with FAQ besides tickets, and see it in use."""
    page = owner.page
    expect(page.get_by_role("heading", name="계약 서비스 현황")).to_be_visible()
    owner.shot("services-empty")
    link(page, "서비스 추가").first.click()
    page.locator("[name=name]").fill(name)
    page.locator("[name=service_id]").fill(f"{service_id}1")
    page.locator("main form").get_by_role("button", name="다음").click()
    expect(page.locator("[name=service_id]")).to_have_value(f"{service_id}1")
    owner.shot("service-add-refused")
    page.locator("[name=service_id]").fill(service_id)
    page.locator("[name=new_language]").press_sequentially("영어")
    page.keyboard.press("Enter")  # adds the language; only the form's own button saves
    expect(page.locator("[name=languages][value=en]")).to_have_count(1)
    page.locator("main form").get_by_role("button", name="다음").click()
    expect(page.get_by_role("heading", name="계약 상세 내역")).to_be_visible()
    page.get_by_role("checkbox", name="FAQ").check()
    expect(page.locator("#estimate")).to_contain_text("66,000원")
    owner.shot("service-contract")
    page.locator("main form").get_by_role("button", name="계약", exact=True).click()
    page.goto(installation.organization_url(company.domain, "/admin/services/"))
    expect(page.get_by_role("row", name=name).get_by_text("이용중")).to_be_visible()
    owner.shot("services")
