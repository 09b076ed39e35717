import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from daedap.accounts.models import MailLink, PlatformMember, TermsConsent, User, Verification
from daedap.core.models import OutgoingMail
from daedap.files.models import PlatformFile
from daedap.files.tests import clamd
from daedap.portal import actions
from daedap.portal.forms.signup import TypeForm
from tests import factories
from tests.jobs import run_jobs

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
AGREED = {"service": "on", "privacy": "on", "age": "on"}
INFORMATION = {
    "password": "Ocean!72",
    "again": "Ocean!72",
    "name": " 김창업 ",
    "mobile": "010-1234-5678",
    "landline": "",
    "address": "",
}
BUSINESS = INFORMATION | {
    "company_name": "예스24",
    "business_number": "116-82-00276",
    "representative": "김대표",
    "business_type": "도소매",
    "business_item": "서적",
    "landline": "02-123-4567",
    "postcode": "06236",
    "address": "서울시",
}


@pytest.fixture
def other_device(db):
    return Client(headers={"host": settings.BASE_HOST})


def begin(client, *, country="KR", membership_type="individual"):
    assert client.post("/signup/", {"country": country}).url == "/signup/type/"
    assert client.post("/signup/type/", {"membership_type": membership_type}).url == "/signup/terms/"
    assert client.post("/signup/terms/", AGREED).url == "/signup/email/"


def verified(client, mailed_path, email="kim@example.com", **choices):
    begin(client, **choices)
    assert client.post("/signup/email/", {"email": email}).url == "/signup/email/"
    assert client.post(mailed_path("/signup/verify/")).url == "/signup/email/"


def certificate(name="license.pdf", content=PDF):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def test_given_individual_when_everything_valid_then_account_logged_in_and_welcomed_A1(platform_client, mailed_path):
    verified(platform_client, mailed_path, email="Kim@Example.com")

    response = platform_client.post("/signup/information/", INFORMATION)

    assert response.url == "/welcome/"
    user = User.objects.get(login_id="kim@example.com")
    assert (user.realm, user.name, user.check_password("Ocean!72")) == ("", "김창업", True)
    member = user.platform_member
    assert (member.country, member.membership_type, member.mobile) == ("KR", "individual", "+821012345678")
    assert (member.verification, member.marketing_consent_at) == (Verification.NOT_NEEDED, None)
    assert {(c.terms, c.version) for c in TermsConsent.objects.filter(user=user)} == {
        ("service", "2026-01-01"),
        ("privacy", "2026-01-01"),
        ("age", "2026-01-01"),
    }
    page = platform_client.get("/welcome/")
    assert page.status_code == 200
    assert 'name="two_step_login"' in page.text
    assert "checked" in page.text
    assert platform_client.post("/welcome/", {"two_step_login": "on"}).url == "/me/payment/"
    assert PlatformMember.objects.get(user=user).second_factor == "email"
    assert "signup" not in platform_client.session


def test_given_required_term_unticked_when_sent_then_refused_and_nothing_kept_A2(platform_client):
    platform_client.post("/signup/", {"country": "KR"})
    platform_client.post("/signup/type/", {"membership_type": "individual"})

    response = platform_client.post("/signup/terms/", {"service": "on", "age": "on", "marketing": "on"})

    assert response.status_code == 422
    assert "필수 항목에 동의해야 합니다." in response.text
    assert re.findall(r'name="(\w+)"[^>]* autofocus', response.text) == ["privacy"]
    assert "terms" not in platform_client.session["signup"]
    assert platform_client.get("/signup/email/").url == "/signup/terms/"


def test_given_address_taken_in_other_case_when_verified_then_refused_as_duplicate_A3(platform_client, mailed_path):
    factories.make_platform_member(email="kim@x.kr")
    begin(platform_client)
    sent = platform_client.post("/signup/email/", {"email": "Kim@x.kr"})
    assert sent.url == "/signup/email/"  # nobody learns of the account who cannot read its mail
    platform_client.post(mailed_path("/signup/verify/"))

    page = platform_client.get("/signup/email/")

    assert page.status_code == 422
    assert "이미 가입된 이메일 주소입니다." in page.text
    response = platform_client.post("/signup/information/", INFORMATION)
    assert response.status_code == 422
    assert User.objects.filter(login_id="kim@x.kr").count() == 1


def test_given_korean_business_when_no_certificate_then_refused_at_the_field_A4(platform_client, mailed_path):
    verified(platform_client, mailed_path, membership_type="business")

    response = platform_client.post("/signup/information/", BUSINESS)

    assert response.status_code == 422
    assert "사업자등록증을 첨부해 주세요." in response.text
    assert 'value="예스24"' in response.text
    assert "Ocean!72" not in response.text
    assert not User.objects.exists()


def test_given_korean_business_when_certificate_attached_then_verification_pending(platform_client, mailed_path):
    verified(platform_client, mailed_path, membership_type="business")

    response = platform_client.post("/signup/information/", BUSINESS | {"certificate": certificate()})

    assert response.url == "/welcome/"
    member = PlatformMember.objects.get()
    assert (member.verification, member.business_number) == (Verification.PENDING, "1168200276")
    assert PlatformFile.objects.get().public_id == member.certificate_id


@pytest.mark.parametrize(
    "upload", [certificate("license.pdf", b"MZ not a pdf"), certificate("license.exe"), certificate("a.pdf", b"")]
)
def test_given_upload_that_is_not_what_it_says_when_sent_then_refused(platform_client, mailed_path, upload):
    verified(platform_client, mailed_path, membership_type="business")

    response = platform_client.post("/signup/information/", BUSINESS | {"certificate": upload})

    assert response.status_code == 422
    assert not User.objects.exists()
    assert not PlatformFile.objects.exists()


@pytest.mark.parametrize(
    ("habit", "words"), [("honest", "바이러스가 발견되어"), ("nothing", "잠시 후 다시 시도해 주세요")]
)
def test_given_a_virus_or_no_scan_when_certificate_sent_then_said_and_nothing_kept(
    platform_client, mailed_path, settings, habit, words
):
    verified(platform_client, mailed_path, membership_type="business")
    with clamd.running() as scanner:
        settings.VIRUS_SCANNER, scanner.habit = scanner.address, habit
        upload = certificate(content=PDF + clamd.EICAR)
        response = platform_client.post("/signup/information/", BUSINESS | {"certificate": upload})
    assert response.status_code == 422
    assert words in response.text
    assert 'value="예스24"' in response.text
    assert not User.objects.exists()
    assert not PlatformFile.objects.exists()


def test_given_wrong_check_digit_when_business_signs_up_then_refused(platform_client, mailed_path):
    verified(platform_client, mailed_path, membership_type="business")

    response = platform_client.post(
        "/signup/information/", BUSINESS | {"business_number": "116-82-00277", "certificate": certificate()}
    )

    assert response.status_code == 422
    assert "사업자등록번호가 올바르지 않습니다." in response.text
    assert not User.objects.exists()


def test_given_japanese_business_when_no_certificate_then_accepted_A5(platform_client, mailed_path):
    verified(platform_client, mailed_path, country="JP", membership_type="business")

    facts = BUSINESS | {"business_number": "T1234567890123", "mobile": "090-1234-5678"}
    response = platform_client.post("/signup/information/", facts)

    assert response.url == "/welcome/"
    assert PlatformMember.objects.get().mobile == "+819012345678"


def test_given_automatic_verification_when_business_signs_up_then_approved(platform_client, mailed_path, settings):
    settings.BUSINESS_VERIFICATION = "automatic"
    verified(platform_client, mailed_path, membership_type="business")
    platform_client.post("/signup/information/", BUSINESS | {"certificate": certificate()})
    assert PlatformMember.objects.get().verification == Verification.APPROVED


def test_given_other_country_when_type_is_chosen_then_business_is_not_offered_A6():
    form = TypeForm({"membership_type": "business"}, country="US")
    assert [value for value, _ in form.fields["membership_type"].choices] == ["individual"]
    assert not form.is_valid()


@pytest.mark.parametrize("forged", [{"country": "US"}, {"country": ""}, {}])
def test_given_forged_country_when_sent_then_refused(platform_client, forged):
    assert platform_client.post("/signup/", forged).status_code == 422
    assert "signup" not in platform_client.session


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"password": "password!", "again": "password!"}, "숫자"),
        ({"again": "Ocean!73"}, "id_again_error"),
        ({"name": "  "}, "이름을 입력해 주세요."),
        ({"name": "김" * 61}, "60자"),
        ({"mobile": "1234"}, "올바른 휴대폰 번호"),
        ({"mobile": ""}, "휴대폰 번호를 입력"),
    ],
)
def test_given_wrong_information_when_sent_then_sentence_and_no_account(platform_client, mailed_path, facts, sentence):
    verified(platform_client, mailed_path)

    response = platform_client.post("/signup/information/", INFORMATION | facts)

    assert response.status_code == 422
    assert sentence in response.text
    assert "Ocean!72" not in response.text
    assert not User.objects.exists()


def test_given_name_that_breaks_lines_or_turns_them_when_signed_up_then_only_what_shows_is_kept(
    platform_client, mailed_path
):
    verified(platform_client, mailed_path)
    platform_client.post("/signup/information/", INFORMATION | {"name": " 김\r\nBcc: x\u202e동\u200b "})
    assert User.objects.get(realm="").name == "김 Bcc: x동"


def test_given_huge_password_when_sent_then_refused_before_it_is_looked_at(platform_client, mailed_path):
    verified(platform_client, mailed_path)
    huge = "Ocean!72" * 50_000
    response = platform_client.post("/signup/information/", INFORMATION | {"password": huge, "again": huge})
    assert response.status_code == 422
    assert "200" in response.text
    assert not User.objects.exists()


def test_given_link_when_only_opened_then_nothing_is_verified(platform_client, other_device, mailed_path):
    begin(platform_client)
    platform_client.post("/signup/email/", {"email": "kim@example.com"})
    path = mailed_path("/signup/verify/")

    assert other_device.get(path).status_code == 200
    assert platform_client.get("/signup/information/").url == "/signup/email/"

    assert other_device.post(path).status_code == 200
    assert platform_client.get("/signup/email/").url == "/signup/information/"
    assert other_device.post(path).status_code == 410


def test_given_address_verified_by_one_browser_when_another_draft_names_it_then_not_verified_there(
    platform_client, other_device, mailed_path
):
    verified(platform_client, mailed_path)
    begin(other_device)
    other_device.post("/signup/email/", {"email": "kim@example.com"})

    assert other_device.get("/signup/information/").url == "/signup/email/"
    assert other_device.post("/signup/information/", INFORMATION).url == "/signup/email/"
    assert platform_client.post("/signup/information/", INFORMATION).url == "/welcome/"


def test_given_waiting_page_when_verified_elsewhere_then_htmx_is_sent_on(platform_client, other_device, mailed_path):
    begin(platform_client)
    platform_client.post("/signup/email/", {"email": "kim@example.com"})
    ask = {"headers": {"HX-Request": "true"}}
    assert "HX-Redirect" not in platform_client.get("/signup/email/state/", **ask)

    other_device.post(mailed_path("/signup/verify/"))

    assert platform_client.get("/signup/email/state/", **ask)["HX-Redirect"] == "http://localhost/signup/email/"


def test_given_old_link_when_pressed_after_24_hours_or_a_newer_mail_then_refused(
    platform_client, mailed_path, time_machine
):
    time_machine.move_to("2026-03-01T12:00:00+09:00", tick=False)
    begin(platform_client)
    platform_client.post("/signup/email/", {"email": "kim@example.com"})
    first = mailed_path("/signup/verify/")
    platform_client.post("/signup/email/", {"again": "1"})
    second = mailed_path("/signup/verify/")

    assert platform_client.post(first).status_code == 410
    time_machine.shift(timedelta(hours=11, minutes=59))
    assert platform_client.get(second).status_code == 200
    time_machine.shift(timedelta(hours=12, minutes=2))
    assert platform_client.post(second).status_code == 410
    assert not MailLink.objects.filter(used_at__isnull=False).exists()


def test_given_five_mails_when_one_more_is_asked_for_then_refused(platform_client):
    begin(platform_client)
    for _ in range(actions.MAILS_PER_ADDRESS):
        assert platform_client.post("/signup/email/", {"email": "kim@example.com"}).status_code == 302

    response = platform_client.post("/signup/email/", {"email": "KIM@example.com"})

    assert response.status_code == 422
    assert OutgoingMail.objects.count() == actions.MAILS_PER_ADDRESS
    assert MailLink.objects.filter(voided_at=None).count() == 1  # the last one that was mailed still verifies


@pytest.mark.parametrize(
    "email", ["", "kim", f"{'k' * 250}@example.com", "kim@", "a b@example.com", '"a\x0bb"@example.com']
)
def test_given_malformed_address_when_sent_then_refused_and_no_mail(platform_client, email):
    begin(platform_client)
    assert platform_client.post("/signup/email/", {"email": email}).status_code == 422
    assert not OutgoingMail.objects.exists()


def test_given_pending_business_when_approved_then_told_by_mail_e9(db, mailoutbox):
    user = factories.make_platform_member(
        membership_type="business", company_name="예스", business_number="1168200276", verification="pending"
    )

    actions.decide_verification(member_id=user.platform_member.pk, approve=True, actor=user.as_actor())

    assert PlatformMember.objects.get(user=user).verification == Verification.APPROVED
    run_jobs()
    assert "사업자 인증이 완료되었습니다." in mailoutbox[0].subject
