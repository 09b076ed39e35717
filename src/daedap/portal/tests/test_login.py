import pytest
from django.conf import settings

from daedap.accounts.models import User
from daedap.core.models import OutgoingMail
from tests import factories
from tests.jobs import run_jobs

SENT = "입력하신 정보와 일치하는 계정이 있으면 비밀번호 재설정 메일을 보내드립니다."


def log_in(client, email, password=factories.PASSWORD, **more):
    return client.post("/login/", {"email": email, "password": password, **more})


def test_given_no_payment_method_when_logging_in_then_payment_methods_A8(platform_client, founder):
    assert log_in(platform_client, "Founder@example.com").url == "/me/payment/"
    assert platform_client.get("/me/payment/").url == "/me/confirm/?next=%2Fme%2Fpayment%2F"


def test_given_payment_method_when_logging_in_then_console(platform_client, founder):
    factories.make_payment_method(founder)
    assert log_in(platform_client, founder.email).url == "/console/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_given_foreign_next_when_logging_in_then_ignored(platform_client, founder, target):
    assert log_in(platform_client, founder.email, next=target).url == "/me/payment/"


def test_given_wrong_password_when_logging_in_then_refused_and_password_not_shown(platform_client, founder):
    response = log_in(platform_client, founder.email, "Wrong!999")

    assert response.status_code == 422
    assert 'value="founder@example.com"' in response.text
    assert "Wrong!999" not in response.text
    assert "_auth_user_id" not in platform_client.session


def test_given_iam_member_when_logging_in_here_then_refused(platform_client, owner):
    assert log_in(platform_client, "owner").status_code == 422


def test_given_platform_member_when_logging_out_then_session_ends(member_client):
    assert member_client.post("/logout/").url == "/"
    assert member_client.get("/console/").url == "/login/?next=/console/"


def test_given_known_and_unknown_address_when_finding_password_then_same_answer(platform_client, founder):
    known = platform_client.post("/login/find-password/", {"email": founder.email})
    unknown = platform_client.post("/login/find-password/", {"email": "nobody@example.com"})
    run_jobs()

    assert SENT in known.text
    assert SENT in unknown.text
    assert known.status_code == unknown.status_code == 200
    assert OutgoingMail.objects.count() == 1


def test_given_mailed_link_when_new_password_set_then_it_works_once(platform_client, founder, mailed_path):
    platform_client.post("/login/find-password/", {"email": founder.email})
    path = mailed_path("/login/password/")
    assert platform_client.get(path).status_code == 200

    refused = platform_client.post(path, {"password": "short", "again": "short"})
    assert refused.status_code == 422
    assert User.objects.get(pk=founder.pk).check_password(factories.PASSWORD)

    new = {"password": "River!83", "again": "River!83"}
    assert platform_client.post(path, new).url == "/login/"
    assert User.objects.get(pk=founder.pk).check_password("River!83")
    assert platform_client.post(path, new).status_code == 410


@pytest.mark.parametrize("path", ["/console/", "/me/", "/me/payment/", "/welcome/", "/console/new/"])
def test_given_nobody_when_opening_a_members_page_then_login(platform_client, path):
    assert platform_client.get(path).url == f"/login/?next={path}"


@pytest.mark.parametrize(
    "path", ["/", "/signup/", "/login/", "/terms/service/", "/terms/privacy/", "/login/find-password/"]
)
def test_given_nobody_when_opening_a_public_page_then_shown_in_both_languages(platform_client, path):
    assert platform_client.get(path).status_code == 200
    platform_client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert 'lang="en"' in platform_client.get(path).text


def test_given_unknown_terms_when_opened_then_404(platform_client):
    assert platform_client.get("/terms/nothing/").status_code == 404


def test_given_the_admins_own_log_in_when_a_password_is_posted_there_then_it_is_not_even_looked_at(platform_client):
    User.objects.create_superuser("root@example.com", factories.PASSWORD, name="운영자")
    given = {"username": "root@example.com", "password": factories.PASSWORD}
    assert platform_client.post("/operator/login/", given).status_code == 405
    assert "_auth_user_id" not in platform_client.session


def test_given_operator_when_opening_the_operator_site_then_the_log_in_of_all_leads_there(platform_client):
    User.objects.create_superuser("root@example.com", factories.PASSWORD, name="운영자")
    assert platform_client.get("/operator/login/?next=/operator/").url == "/login/?next=%2Foperator%2F"
    assert platform_client.get("/operator/login/?next=//evil.example").url == "/login/?next=%2Foperator%2F"
    assert log_in(platform_client, "root@example.com", next="/operator/").url == "/operator/"
    assert platform_client.get("/operator/").status_code == 200


def test_given_platform_member_when_opening_the_operator_site_then_403_and_no_circle(platform_client, founder):
    platform_client.force_login(founder)
    page = platform_client.get("/operator/", follow=True)
    assert page.status_code == 403
