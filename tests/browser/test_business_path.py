"""A business from sign-up to its first service, with the operator who verifies it (spec 10, steps 1 to 9)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.onboarding import (
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
from tests.installation import Installation, text_of

pytestmark = [pytest.mark.browser]

OPERATOR = "operator@business.example"
COMPANY = Company(founder="founder@business.example", name="주식회사 오늘의책상", domain="desk")
NUMBER = "124-81-00998"
BUSINESS = {
    "company_name": COMPANY.name,
    "business_number": NUMBER,
    "representative": "정대표",
    "business_type": "도소매",
    "business_item": "문구",
    "postcode": "06236",
    "address": "서울특별시 강남구 테헤란로 1",
    "landline": "02-1234-5678",
}
ACCOUNT, PAYCO, CARD = "123456-78-901234", "5555 5555 5555 4444", "4111 1111 1111 1111"
SECRETS = [PASSWORD, NUMBER, NUMBER.replace("-", ""), *(text.translate({32: "", 45: ""}) for text in (ACCOUNT, PAYCO))]
CERTIFICATE = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def sign_up(founder: Visitor, installation: Installation) -> None:
    page = founder.page
    verify_email(founder, installation, COMPANY, membership="사업자")
    for name, text in BUSINESS.items():
        page.locator(f"[name={name}]").fill(text if name != "business_number" else "124-81-00999")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=again]").fill(PASSWORD)
    attach(founder, b"<html><script></script></html>")
    button(page, "회원가입").click()
    expect(page.get_by_text("사업자등록번호가 올바르지 않습니다.")).to_be_visible()
    page.locator("[name=business_number]").fill(NUMBER)
    finish_sign_up(founder, attach=lambda: attach(founder, CERTIFICATE))


def attach(founder: Visitor, content: bytes) -> None:
    founder.page.locator("[name=certificate]").set_input_files(
        {"name": "certificate.pdf", "mimeType": "application/pdf", "buffer": content}
    )


def confirm_password(founder: Visitor) -> None:
    founder.page.locator("[name=password]").fill(PASSWORD)
    button(founder.page, "확인").click()


def approve(operator: Visitor, installation: Installation) -> None:
    """Look at the certificate and approve, at the operator site."""
    create = ["manage", "createsuperuser", "--noinput", "--login_id", OPERATOR, "--name", "운영자"]
    installation.run(*create, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    page = operator.page
    page.goto(installation.base_url + "/operator/accounts/platformmember/?verification__exact=pending")
    page.locator("[name=email]").fill(OPERATOR)
    page.locator("[name=password]").fill(PASSWORD)
    button(page, "로그인").click()
    page.locator("#result_list").get_by_role("link", name=COMPANY.founder).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="다운로드").click()
    assert download.value.path().read_bytes() == CERTIFICATE
    page.go_back()
    page.locator("#result_list tr", has_text=COMPANY.founder).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option(label="사업자 인증 승인")
    page.locator("button[name=index]").click()
    expect(page.locator("#result_list tr", has_text=COMPANY.founder)).to_have_count(0)


def refuse_bank_of_another(founder: Visitor, installation: Installation) -> None:
    """Bank transfer: what is entered must be what the operator verified."""
    page = founder.page
    choose_method(founder, installation, "계좌이체")
    page.locator("[name=business_number]").fill(NUMBER)
    page.locator("[name=company_name]").fill("남의 회사")
    page.locator("[name=representative]").fill("정대표")
    button(page, "확인").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    founder.shot("payment-bank-refused")


def register_account(founder: Visitor, installation: Installation) -> None:
    page = founder.page
    refuse_bank_of_another(founder, installation)
    for name in ("business_number", "company_name", "representative"):
        page.locator(f"[name={name}]").fill(BUSINESS[name])
    button(page, "확인").click()
    page.locator("[name=bank]").select_option("004")
    page.locator("[name=account]").fill(ACCOUNT)
    founder.shot("payment-bank")
    button(page, "등록").click()
    expect(page.get_by_text("•••• 1234")).to_be_visible()


def register_cards(founder: Visitor, installation: Installation) -> None:
    """The cards of a business: PAYCO and unnamed by its number, named by the identity check."""
    page = founder.page
    for label, number, digits in (
        ("PAYCO", PAYCO, ""),
        ("무기명 법인 카드", CARD, "12"),
    ):
        choose_method(founder, installation, label)
        page.locator("[name=business_number]").fill(NUMBER)
        button(page, "확인").click()
        page.locator("[name=number]").fill(number)
        page.locator("[name=expiry]").fill("12/40")
        if digits:
            page.locator("[name=password_digits]").fill(digits)
        button(page, "등록").click()
        expect(page.get_by_text(f"•••• {number[-4:]}")).to_be_visible()
    choose_method(founder, installation, "기명 법인 카드")
    enter_mailed_code(founder, installation, COMPANY)
    expect(page.locator("[name=birth_date]")).to_be_visible()
    founder.shot("payments-of-a-business")


def test_given_a_business_when_the_operator_has_verified_it_then_it_pays_and_opens_its_first_service(
    installation: Installation, visitor: Any
) -> None:
    founder, operator, owner = visitor(), visitor(), visitor()
    # 1: signed up, and waiting
    sign_up(founder, installation)
    founder.page.goto(installation.base_url + "/me/payment/")
    confirm_password(founder)
    expect(founder.page.get_by_text("심사 대기")).to_be_visible()
    expect(founder.page.get_by_role("link", name="결제 수단 추가")).to_have_count(0)
    founder.shot("payment-business-pending")
    approve(operator, installation)
    assert "인증" in text_of(installation.wait_for_mail(COMPANY.founder, "사업자 인증"))
    # 2: each of its methods
    register_account(founder, installation)
    register_cards(founder, installation)
    # 3 to 9
    activate(founder, installation, COMPANY, (("owner", "오대표"),))
    first_sign_in(owner, installation, COMPANY, "owner")
    add_service(owner, installation, COMPANY, "쇼핑몰", "shop")
    expect(owner.page).to_have_title(re.compile("계약 서비스 현황"))
    for person in (founder, operator, owner):
        assert person.complaints == []
    log = installation.log.read_text()
    assert [secret for secret in SECRETS if secret in log] == []
