"""Signing in on the organization's site, and passwords."""

import re
from datetime import timedelta

import pytest

from daedap.accounts.links import issue_link
from daedap.accounts.models import LinkKind, MailLink, SignInRecord
from daedap.core.models import OutgoingMail
from daedap.organizations.models import IamMember, MemberStatus
from tests.factories import PASSWORD, make_iam_member
from tests.jobs import run_jobs


def text(response):
    return response.content.decode()


def sign_in(client, login_id="owner", password=PASSWORD, **more):
    return client.post("/login/", {"login_id": login_id, "password": password, **more})


def is_signed_in(client):
    return "_auth_user_id" in client.session


def link_for(member, kind=LinkKind.SET_PASSWORD):
    return issue_link(kind=kind, lifetime=timedelta(days=7), user=member.user)


@pytest.fixture
def client(acme, client_of):
    return client_of(acme)


def test_given_visitor_when_login_opened_then_organization_is_named(client):
    response = client.get("/login/")
    assert response.status_code == 200
    assert "Acme" in text(response)
    assert 'href="/login/find-password/"' in text(response)


def test_given_unknown_domain_when_login_opened_then_404(client):
    assert client.get("/login/", headers={"host": "nobody.oc.localhost"}).status_code == 404


def test_given_signed_out_when_page_opened_then_login_leads_back_there(client, owner):
    response = client.get("/admin/organization/")
    assert response.url == "/login/?next=/admin/organization/"
    assert 'name="next" value="/admin/organization/"' in text(client.get(response.url))
    assert sign_in(client, next="/admin/organization/").url == "/admin/organization/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_given_foreign_next_when_signing_in_then_home(client, owner, target):
    assert sign_in(client, next=target).url == "/"


def test_given_account_in_english_when_signing_in_then_cookie_says_so(client, owner):
    owner.user.language = "en"
    owner.user.save()
    assert sign_in(client).cookies["language"].value == "en"


def test_given_wrong_password_when_signing_in_then_422_id_kept_password_not(client, owner):
    response = sign_in(client, password="wrong!72")
    assert response.status_code == 422
    assert "아이디 또는 비밀번호가 일치하지 않습니다." in text(response)
    assert 'value="owner"' in text(response)
    assert "wrong!72" not in text(response)
    assert not is_signed_in(client)


def test_given_empty_form_when_sent_then_said_at_the_fields_and_nothing_recorded(client):
    response = sign_in(client, login_id="", password="")
    assert response.status_code == 422
    assert text(response).count("d-error") >= 2
    assert not SignInRecord.objects.exists()


def test_given_member_who_left_when_signing_in_then_generic_refusal(client, acme):
    make_iam_member(acme, "gone", status=MemberStatus.LEFT)
    response = sign_in(client, "gone")
    assert "아이디 또는 비밀번호가 일치하지 않습니다." in text(response)
    assert not is_signed_in(client)


def test_given_platform_member_when_signing_in_here_then_generic_refusal_A50(client, founder):
    assert sign_in(client, founder.email).status_code == 422
    assert not is_signed_in(client)


def test_given_same_id_in_two_organizations_when_signing_in_then_only_at_the_own_A27(client, acme, beta, client_of):
    make_iam_member(acme, "kim", password="River!85")
    make_iam_member(beta, "kim")
    assert sign_in(client, "kim", PASSWORD).status_code == 422
    assert sign_in(client, "kim", "River!85").status_code == 302
    assert sign_in(client_of(beta), "kim", PASSWORD).status_code == 302


def test_given_five_failures_when_right_password_then_minutes_are_said_A39(client, owner):
    for _ in range(5):
        sign_in(client, password="wrong!72")
    response = sign_in(client)
    assert response.status_code == 422
    assert "10분간 로그인할 수 없습니다." in text(response)
    assert not is_signed_in(client)


def test_given_session_when_logged_out_then_pages_ask_to_log_in(acme, owner, client_of):
    client = client_of(acme, owner)
    assert client.get("/logout/").status_code == 405
    assert is_signed_in(client)
    assert client.post("/logout/").url == "/login/"
    assert client.get("/admin/organization/").status_code == 302


def test_given_session_of_acme_when_used_at_beta_then_nobody(acme, beta, owner, client_of):
    client = client_of(acme, owner)
    assert client.get("/admin/organization/", headers={"host": "beta.oc.localhost"}).status_code == 302


def test_given_member_without_password_when_found_by_mail_then_signs_in_A31_A32(client, acme, mailoutbox):
    make_iam_member(acme, "new", password=None, email="new@example.com")
    assert sign_in(client, "new", "anything!1").status_code == 422
    # when
    response = client.post("/login/find-password/", {"login_id": "new", "email": "new@example.com"}, follow=True)
    run_jobs()
    # then
    assert "일치하는 계정이 있으면 비밀번호 재설정 메일을 보내드립니다." in text(response)
    (mail,) = mailoutbox
    path = re.search(r"http://acme\.oc\.localhost:8000(/login/password/\S+/)", mail.body)[1]
    for _ in range(2):  # a scanner may look
        assert client.get(path).status_code == 200
    saved = client.post(path, {"password": "Ocean!72", "again": "Ocean!72"}, follow=True)
    assert saved.redirect_chain == [("/login/", 302)]
    assert "새 비밀번호가 저장되었습니다." in text(saved)
    assert sign_in(client, "new", "Ocean!72").url == "/"
    assert client.get(path).status_code == 410  # A34


@pytest.mark.parametrize("given", [("owner", "other@example.com"), ("nobody", "owner@example.com")])
def test_given_no_match_when_password_is_sought_then_same_answer_no_mail_A33(client, owner, given):
    right = client.post("/login/find-password/", {"login_id": "owner", "email": "owner@example.com"}, follow=True)
    run_jobs()
    OutgoingMail.objects.all().delete()
    wrong = client.post("/login/find-password/", dict(zip(("login_id", "email"), given, strict=True)), follow=True)
    run_jobs()
    assert (wrong.status_code, wrong.redirect_chain) == (right.status_code, right.redirect_chain)
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("abcd!234", "abcd!234", "연속된 문자를 4자 이상"),
        ("Short1!", "Short1!", "8~15자로 입력해 주세요."),
        ("password!", "password!", "숫자를 1자 이상 포함해 주세요."),
        ("Ocean!72", "Ocean!73", "비밀번호가 서로 다릅니다."),
        ("", "", "d-error"),
    ],
)
def test_given_bad_password_when_saved_then_rule_is_said_and_link_still_works_A35_A36(
    client, acme, password, again, sentence
):
    member = make_iam_member(acme, "new", password=None)
    path = f"/login/password/{link_for(member)}/"
    response = client.post(path, {"password": password, "again": again})
    assert response.status_code == 422
    assert sentence in text(response)
    assert not password or f'value="{password}"' not in text(response)
    member.user.refresh_from_db()
    assert not member.user.has_usable_password()
    assert MailLink.objects.get().used_at is None


def test_given_current_password_when_saved_again_then_refused_A38(client, owner):
    response = client.post(f"/login/password/{link_for(owner)}/", {"password": PASSWORD, "again": PASSWORD})
    assert response.status_code == 422
    assert "이전 비밀번호와 다른 비밀번호" in text(response)


@pytest.mark.parametrize("token", ["nonsense", "%EA%B0%80"])
def test_given_unknown_link_when_opened_then_page_offers_a_new_one(client, token):
    response = client.get(f"/login/password/{token}/")
    assert response.status_code == 410
    assert "유효하지 않거나 만료된 링크입니다." in text(response)
    assert 'href="/login/find-password/"' in text(response)


def test_given_link_of_acme_when_opened_at_beta_then_refused(acme, owner, beta, client_of):
    path = f"/login/password/{link_for(owner)}/"
    client = client_of(beta)
    assert client.get(path).status_code == 410
    assert client.post(path, {"password": "River!85", "again": "River!85"}).status_code == 410
    owner.user.refresh_from_db()
    assert owner.user.check_password(PASSWORD)


def test_given_open_session_when_new_password_saved_then_it_ends(acme, owner, client, client_of):
    other = client_of(acme, owner)
    assert other.get("/admin/organization/").status_code == 200
    client.post(f"/login/password/{link_for(owner)}/", {"password": "River!85", "again": "River!85"})
    assert other.get("/admin/organization/").status_code == 302


def test_given_forms_without_token_when_sent_then_refused(acme, owner, client_of):
    client = client_of(acme, enforce_csrf_checks=True)
    assert sign_in(client).status_code == 403
    assert not is_signed_in(client)
    assert IamMember._base_manager.get(pk=owner.pk).user.last_login is None
