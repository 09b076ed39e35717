import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from daedap.accounts.models import OtpDevice, PlatformMember, User
from daedap.audit.models import AuditEntry
from daedap.files.actions import store_platform_file
from daedap.files.models import PlatformFile
from daedap.files.selectors import path_of
from tests import factories
from tests.jobs import run_jobs


@pytest.fixture
def operator_client(platform_client):
    platform_client.force_login(User.objects.create_superuser("root@example.com", "Ocean!72", name="운영자"))
    return platform_client


@pytest.fixture
def pending(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    content = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
    file = store_platform_file(SimpleUploadedFile("license.pdf", content))
    return factories.make_platform_member(
        membership_type="business",
        company_name="예스",
        business_number="1168200276",
        verification="pending",
        certificate_id=file.public_id,
    ).platform_member


def test_given_operator_when_opening_lists_then_shown(operator_client, acme):
    for name in ("accounts/user", "accounts/platformmember", "organizations/organization"):
        assert operator_client.get(f"/operator/{name}/").status_code == 200
    page = operator_client.get(f"/operator/organizations/organization/{acme.pk}/change/")
    assert acme.public_id in page.text
    assert acme.key not in page.text


def test_given_korean_operator_when_lists_and_rows_are_opened_then_models_and_fields_speak_korean(
    operator_client, acme, shop, pending
):
    home = operator_client.get("/operator/").text
    for words in ("플랫폼 회원", "계정", "조직", "서비스", "항목 가격"):
        assert f">{words}<" in home
    told = {
        f"accounts/user/{acme.creator.pk}": ("계정", "로그인 가능", "생성 일시"),
        f"accounts/platformmember/{pending.pk}": ("사업자 인증", "사업자등록번호", "대표자", "종목", "유선 전화번호"),
        f"organizations/organization/{acme.pk}": ("조직 이름", "도메인", "Online Contact 이용 시작"),
        f"services/service/{shop.pk}": ("서비스 ID", "계약 일시", acme.name),
    }
    for address, words in told.items():
        page = operator_client.get(f"/operator/{address}/change/").text
        assert [word for word in words if word not in page] == []


def test_given_pending_business_when_console_and_my_page_open_then_told_to_wait_and_number_as_printed_A7(
    platform_client, pending
):
    platform_client.force_login(pending.user)

    console = platform_client.get("/console/").text

    assert "사업자 정보를 확인하고 있습니다" in console
    assert "결제수단을 먼저 등록해 주세요" not in console
    assert "116-82-00276" in platform_client.get("/me/").text


def test_given_pending_business_when_operator_approves_then_may_pay(operator_client, pending):
    page = operator_client.get(f"/operator/accounts/platformmember/{pending.pk}/change/")
    address = f"/operator/accounts/platformmember/certificate/{pending.certificate_id}/"
    assert address in page.text
    download = operator_client.get(address)
    assert download["Content-Disposition"] == 'attachment; filename="license.pdf"'
    assert b"".join(download.streaming_content).startswith(b"%PDF")

    operator_client.post("/operator/accounts/platformmember/", {"action": "approve", "_selected_action": [pending.pk]})

    assert PlatformMember.objects.get(pk=pending.pk).may_pay


def test_given_a_certificate_whose_bytes_are_gone_when_downloaded_then_404(operator_client, pending):
    path_of(PlatformFile.objects.get(public_id=pending.certificate_id)).unlink()
    address = f"/operator/accounts/platformmember/certificate/{pending.certificate_id}/"
    assert operator_client.get(address).status_code == 404


@pytest.mark.parametrize("path", ["", "accounts/user/", "accounts/platformmember/certificate/x/"])
def test_given_member_when_opening_operator_pages_then_sent_to_its_login(member_client, path):
    response = member_client.get(f"/operator/{path}")
    assert response.status_code == 302
    assert response.url.startswith("/operator/login/")


def test_given_the_admins_own_password_page_when_opened_or_sent_then_ours_with_its_rules_and_its_lock(operator_client):
    old = {"old_password": factories.PASSWORD, "new_password1": "a", "new_password2": "a"}
    assert operator_client.post("/operator/password_change/", old).url == "/me/password/"
    assert operator_client.get("/operator/password_change/", follow=True).status_code == 200
    new = {"current": factories.PASSWORD, "password": "River!72", "again": "River!72"}
    assert operator_client.post("/me/password/", new | {"password": "a", "again": "a"}).status_code == 422
    assert operator_client.post("/me/password/", new).url == "/operator/"
    assert operator_client.get("/operator/").status_code == 200
    wrong = new | {"current": "Wrong!72", "password": "Mountain!72", "again": "Mountain!72"}
    answers = [operator_client.post("/me/password/", wrong).status_code for _number in range(5)]
    assert answers == [422] * 5
    assert "10분" in operator_client.post("/me/password/", wrong | {"current": "River!72"}).text


def test_given_a_weak_password_when_an_operator_is_created_then_the_rules_are_said():
    with pytest.raises(ValidationError) as refused:
        validate_password("password", User(login_id="op@example.com"))
    assert refused.value.messages
    validate_password("Ocean!72", User(login_id="op@example.com"))


MEMBERS = "/operator/accounts/platformmember/"


def reset(client, member):
    return client.post(MEMBERS, {"action": "reset_second_step", "_selected_action": [member.pk]}, follow=True)


def test_given_lost_phone_when_operator_resets_then_devices_go_a_mailed_code_stays_and_the_member_is_told(
    operator_client, mailoutbox
):
    member = factories.make_platform_member(email="kim@example.com", second_factor="totp").platform_member
    OtpDevice.objects.create(user=member.user, name="폰", secret="A" * 32, last_step=-1)

    page = reset(operator_client, member)

    assert "2단계 로그인을 초기화했습니다: kim@example.com" in page.text
    member.refresh_from_db()
    assert member.second_factor == "email"
    assert not OtpDevice.objects.exists()
    actions = AuditEntry._base_manager.filter(target=str(member.user)).values_list("action", flat=True)
    assert set(actions) == {"accounts.otp_reset", "accounts.second_factor_reset"}
    run_jobs()
    assert [mail.to for mail in mailoutbox] == [["kim@example.com"]] * 2
    assert "초기화" in mailoutbox[0].subject


def test_given_member_without_otp_when_operator_resets_then_nothing_changes(operator_client, mailoutbox):
    member = factories.make_platform_member(email="kim@example.com", second_factor="email").platform_member

    page = reset(operator_client, member)

    assert "OTP 기기를 사용하지 않는 회원입니다." in page.text
    member.refresh_from_db()
    assert member.second_factor == "email"
    assert not AuditEntry._base_manager.filter(action__startswith="accounts.otp").exists()
    run_jobs()
    assert mailoutbox == []


def test_given_staff_who_is_no_operator_when_resetting_then_refused(platform_client):
    staff = User.objects.create_user(realm="", login_id="staff@example.com", password="Ocean!72", is_staff=True)
    platform_client.force_login(staff)
    member = factories.make_platform_member(email="kim@example.com", second_factor="totp").platform_member

    reset(platform_client, member)

    member.refresh_from_db()
    assert member.second_factor == "totp"
