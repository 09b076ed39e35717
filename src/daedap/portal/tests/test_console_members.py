"""The console for people with a role in somebody else's organization, and member management on its pages."""

import pytest
from django.conf import settings
from django.test import Client

from daedap.accounts import otp
from daedap.accounts.models import OtpDevice, SignInRecord, SignInResult
from daedap.core.scoping import organization_scope
from daedap.organizations.models import ConsoleMember, ConsoleRole, IamMember, LoginSecurity, Organization
from daedap.organizations.selectors import MEMBERS_PER_PAGE
from daedap.services.models import Service, ServiceState
from tests import factories

HTMX = {"headers": {"HX-Request": "true"}}
AWAY = {"REMOTE_ADDR": "203.0.113.9"}


def browser(user):
    client = Client(headers={"host": settings.BASE_HOST})
    client.force_login(user)
    return client


@pytest.fixture
def client_with(acme):
    """Return the browser of a platform member who has `role` in the console of Acme and no payment method."""
    return lambda role: browser(factories.make_console_member(acme, role).user)


@pytest.fixture
def at(acme):
    return f"/console/{acme.public_id}/"


def members_of(organization):
    with organization_scope(organization.pk):
        return list(IamMember.objects.select_related("user").order_by("pk"))


# --- Roles ---------------------------------------------------------------------------------------


def test_given_added_member_without_payment_when_logging_in_then_works_in_that_console_A9(acme, at):
    guest = factories.make_console_member(acme, "ADMIN", email="guest@example.com").user
    client = Client(headers={"host": settings.BASE_HOST})

    answer = client.post("/login/", {"email": "guest@example.com", "password": factories.PASSWORD})

    assert answer.url == "/console/"
    assert "Acme" in client.get("/console/").text
    registered = client.post(f"{at}members/new/", {"login_id": "kim", "name": "김이", "email": "kim@example.com"})
    assert registered.status_code == 302
    assert [member.user.login_id for member in members_of(acme)] == ["kim"]
    assert client.post("/console/new/", {"name": "내 조직"}).url == "/me/payment/"
    assert guest.payment_methods.count() == 0


@pytest.mark.parametrize(
    ("role", "seen", "hidden"),
    [
        ("MEMBER", {"", "settings/"}, {"services/", "members/", "governance/", "settings/domain/", "online-contact/"}),
        ("NONE", {"", "settings/"}, {"services/", "members/", "governance/", "settings/delete/", "people/add/"}),
        ("ORG_MEMBER_ADMIN", {"", "settings/", "members/"}, {"services/", "governance/", "settings/disable/"}),
        (
            "ADMIN",
            {"services/", "members/", "governance/", "settings/disable/"},
            {"settings/domain/", "settings/delete/"},
        ),
        ("OWNER", {"services/", "governance/", "settings/domain/", "settings/disable/"}, {"settings/delete/"}),
    ],
)
def test_given_role_when_pages_are_opened_then_only_its_own_and_no_link_to_the_others(
    acme, at, client_with, role, seen, hidden
):
    client = client_with(role)
    assert {client.get(at + page).status_code for page in seen} == {200}
    assert {client.get(at + page).status_code for page in hidden} == {403}
    dashboard, basic = client.get(at).text, client.get(f"{at}settings/").text
    for page in hidden:
        assert f'"{at}{page}"' not in dashboard + basic


@pytest.mark.parametrize("role", ["ADMIN", "ORG_MEMBER_ADMIN", "MEMBER", "NONE"])
def test_given_nobody_but_owner_when_renaming_then_refused_also_through_the_wizard(acme, at, client_with, role):
    Organization.objects.filter(pk=acme.pk).update(activated_at=None)
    client = client_with(role)
    assert client.post(f"{at}settings/", {"name": "Mine"}).status_code == 403
    client.post(f"{at}online-contact/domain/", {"name": "Mine", "domain": "acme-two"})
    assert Organization.objects.get(pk=acme.pk).name == "Acme"
    assert Organization.objects.get(pk=acme.pk).domain == ("acme-two" if role == "ADMIN" else "acme")


def test_given_role_taken_when_next_page_is_opened_then_404(acme, at):
    member = factories.make_console_member(acme, "ADMIN")
    client = browser(member.user)
    assert client.get(at).status_code == 200
    ConsoleMember._base_manager.all().delete()
    assert client.get(at).status_code == 404
    assert "Acme" not in client.get("/console/").text


def test_given_higher_role_in_a_forged_form_when_added_then_refused(acme, at, client_with):
    guest = factories.make_platform_member(email="guest@example.com")
    client = client_with("ORG_MEMBER_ADMIN")
    answer = client.post(f"{at}people/add/", {"email": guest.email, "role": "OWNER"}, **HTMX)
    assert answer.status_code == 422
    own = ConsoleMember._base_manager.get()
    assert client.post(f"{at}people/{own.pk}/role/", {"role": "ADMIN"}).status_code == 403
    assert ConsoleMember._base_manager.get().role == "ORG_MEMBER_ADMIN"


def test_given_more_fields_than_the_form_has_when_registered_or_edited_then_ignored(payer_client, acme, at):
    forged = {"is_owner": "on", "is_administrator": "on", "status": "leaved", "realm": "", "is_superuser": "on"}
    data = {"login_id": "kim", "name": "김이", "email": "kim@example.com"} | forged
    payer_client.post(f"{at}members/new/", data)
    kim = members_of(acme)[0]
    payer_client.post(f"{at}members/{kim.pk}/", data | {"name": "김일"})
    kim = members_of(acme)[0]
    assert (kim.user.name, kim.user.realm, kim.user.is_superuser) == ("김일", acme.public_id, False)
    assert (kim.is_owner, kim.is_administrator, kim.status) == (False, False, "member")


# --- Platform members on their tab ---------------------------------------------------------------


def test_given_people_when_added_changed_and_removed_on_the_tab_then_so(payer_client, acme, at):
    factories.make_platform_member(email="guest@example.com", name="손님")
    tab = f"{at}members/?tab=platform"

    assert payer_client.post(f"{at}people/add/", {"email": "guest@example.com", "role": "MEMBER"}).url == tab
    page = payer_client.get(tab).text
    assert "손님" in page
    assert "조직을 생성한 회원" in page
    row = ConsoleMember._base_manager.get()
    payer_client.post(f"{at}people/{row.pk}/role/", {"role": "ADMIN"})
    assert ConsoleMember._base_manager.get().role == "ADMIN"
    assert "검색 결과가 없습니다" in payer_client.get(f"{tab}&q=nobody").text
    payer_client.post(f"{at}people/{row.pk}/remove/")
    assert not ConsoleMember._base_manager.exists()


def test_given_foreign_row_when_touched_then_404(payer_client, acme, beta, at):
    theirs = factories.make_console_member(beta, "MEMBER")
    for verb in ("role", "remove"):
        assert payer_client.post(f"{at}people/{theirs.pk}/{verb}/", {"role": "NONE"}).status_code == 404
    assert ConsoleMember._base_manager.get().role == "MEMBER"


def test_given_email_nobody_has_when_added_then_sentence_and_typed_value(payer_client, acme, at):
    answer = payer_client.post(f"{at}people/add/", {"email": "x@example.com", "role": "NONE"}, **HTMX)
    assert answer.status_code == 422
    assert "이 이메일로 가입한 회원이 없습니다." in answer.text
    assert 'value="x@example.com"' in answer.text


# --- IAM members ---------------------------------------------------------------------------------


def test_given_member_when_detail_opened_then_last_log_in_and_what_can_be_done(payer_client, acme, owner, at):
    SignInRecord.objects.create(
        realm=acme.public_id, login_id="owner", user=owner.user, result=SignInResult.OK, ip="203.0.113.7"
    )
    kim = factories.make_iam_member(acme, "kim")
    assert "203.0.113.7" in payer_client.get(f"{at}members/{owner.pk}/").text
    assert "로그인한 적 없음" in payer_client.get(f"{at}members/{kim.pk}/").text

    payer_client.post(f"{at}members/{kim.pk}/owner/")
    assert [member.is_owner for member in members_of(acme)] == [False, True]

    secret = otp.new_secret()
    OtpDevice.objects.create(user=kim.user, name="폰", secret=secret, last_step=0)
    assert "OTP 초기화" in payer_client.get(f"{at}members/{kim.pk}/").text
    payer_client.post(f"{at}members/{kim.pk}/otp/")
    assert not OtpDevice.objects.exists()


def test_given_id_taken_when_edited_then_sentence_beside_the_field(payer_client, acme, owner, at):
    factories.make_iam_member(acme, "kim")
    data = {"login_id": "kim", "name": "김이", "email": "kim@example.com"}
    answer = payer_client.post(f"{at}members/{owner.pk}/", data)
    assert answer.status_code == 422
    assert "같은 ID를 가진 멤버가 이미 존재합니다" in answer.text


def test_given_locked_member_when_detail_opened_then_said_and_unlocked(payer_client, acme, owner, at, client_of):
    for _ in range(6):
        client_of(acme).post("/login/", {"login_id": "owner", "password": "Wrong!12"})
    assert "로그인이 잠겨 있습니다" in payer_client.get(f"{at}members/{owner.pk}/").text
    payer_client.post(f"{at}members/{owner.pk}/unlock/")
    assert "로그인이 잠겨 있습니다" not in payer_client.get(f"{at}members/{owner.pk}/").text


def test_given_member_of_another_organization_when_opened_or_changed_then_404(payer_client, acme, beta, at):
    theirs = factories.make_iam_member(beta, "kim")
    assert payer_client.get(f"{at}members/{theirs.pk}/").status_code == 404
    for verb in ("owner", "unlock", "otp", "resend", "remove"):
        assert payer_client.post(f"{at}members/{theirs.pk}/{verb}/").status_code == 404


def test_given_many_when_searched_then_only_who_matches(payer_client, acme, owner, at):
    factories.make_iam_member(acme, "kim", name="김이")
    page = payer_client.get(f"{at}members/?q=김").text
    assert "kim@example.com" in page
    assert "owner@example.com" not in page
    assert "검색 결과가 없습니다" in payer_client.get(f"{at}members/?q=zzz").text


# --- Domain, disabling, deleting -----------------------------------------------------------------


def test_given_domain_page_when_confirmed_then_changed_else_refused_with_what_was_typed(payer_client, acme, at):
    page = payer_client.get(f"{at}settings/domain/").text
    assert "즐겨찾기와 헬프센터 링크" in page
    answer = payer_client.post(f"{at}settings/domain/", {"domain": "acme-new", "typed": "nope"})
    assert answer.status_code == 422
    assert 'value="acme-new"' in answer.text
    payer_client.post(f"{at}settings/domain/", {"domain": "acme-new", "typed": "acme"})
    assert "acme-new" in payer_client.get(f"{at}settings/").text


def test_given_service_in_use_when_disabling_then_named_and_refused(payer_client, acme, shop, at):
    assert "쇼핑몰" in payer_client.get(f"{at}settings/disable/").text
    assert payer_client.post(f"{at}settings/disable/", {"typed": "acme"}).status_code == 422
    assert Organization.objects.get(pk=acme.pk).is_active


def test_given_disabled_when_wizard_is_opened_then_goes_on_with_the_owner_ticked(payer_client, acme, owner, at):
    payer_client.post(f"{at}settings/disable/", {"typed": "acme"})
    assert payer_client.get(f"{at}online-contact/").url == f"{at}online-contact/members/"
    page = payer_client.get(f"{at}online-contact/members/").text
    assert f'value="{owner.pk}" aria-label="owner' in page
    assert "checked" in page
    assert payer_client.post(f"{at}online-contact/members/", {"owner": owner.pk}).url == f"{at}online-contact/done/"


def test_given_disabled_when_deleted_with_the_name_typed_then_gone_from_the_console(payer_client, acme, at):
    assert payer_client.post(f"{at}settings/delete/", {"typed": "Acme"}).status_code == 422
    payer_client.post(f"{at}settings/disable/", {"typed": "acme"})
    assert payer_client.post(f"{at}settings/delete/", {"typed": "acm"}).status_code == 422
    assert payer_client.post(f"{at}settings/delete/", {"typed": "Acme"}).url == "/console/"
    assert payer_client.get(at).status_code == 404


# --- IP ACL --------------------------------------------------------------------------------------


@pytest.fixture
def listed(acme):
    """Acme lets nobody in but from 10.0.0.0/8."""
    with organization_scope(acme.pk):
        LoginSecurity.objects.create(organization=acme, limits_addresses=True, addresses=["10.0.0.0/8"])


@pytest.mark.parametrize("page", ["", "members/", "settings/", "services/", "governance/"])
def test_given_ip_acl_when_console_is_opened_from_elsewhere_then_403(acme, at, listed, client_with, page):
    client = client_with("OWNER")
    refused = client.get(at + page, **AWAY)
    assert refused.status_code == 403
    assert "허용되지 않은 IP입니다." in refused.text
    assert "IP 목록 변경" not in refused.text
    assert client.get(at + page, REMOTE_ADDR="10.1.2.3").status_code == 200


def test_given_ip_acl_when_the_creator_is_shut_out_then_governance_opens_after_the_password(
    payer_client, acme, at, listed
):
    refused = payer_client.get(at, **AWAY)
    assert refused.status_code == 403
    assert f'href="{at}governance/"' in refused.text
    asked = payer_client.get(f"{at}governance/", **AWAY)
    assert asked.url == f"/me/confirm/?next=%2Fconsole%2F{acme.public_id}%2Fgovernance%2F"
    forged = payer_client.post(f"{at}governance/", {"part": "ip"}, **AWAY)
    assert forged.status_code == 302
    back = payer_client.post("/me/confirm/", {"password": factories.PASSWORD, "next": f"{at}governance/"}, **AWAY)
    assert back.url == f"{at}governance/"
    assert payer_client.get(f"{at}governance/", **AWAY).status_code == 200
    payer_client.post(f"{at}governance/", {"part": "ip", "addresses": ""}, **AWAY)
    assert payer_client.get(at, **AWAY).status_code == 200


def test_given_dashboard_when_services_exist_then_their_state_is_shown(payer_client, acme, shop, at):
    Service._base_manager.filter(pk=shop.pk).update(state=ServiceState.PAUSED)
    page = payer_client.get(at).text
    assert "쇼핑몰" in page
    assert str(ServiceState.PAUSED.label) in page


def test_given_member_who_withdraws_when_looked_for_then_in_no_console_any_more(acme):
    guest = factories.make_console_member(acme, "ADMIN", email="guest@example.com").user
    sent = {"current": factories.PASSWORD, "confirmation": "guest@example.com"}
    assert browser(guest).post("/me/leave/", sent).url == "/goodbye/"
    assert not ConsoleMember._base_manager.exists()


@pytest.mark.parametrize("tab", ["", "&tab=platform"])
def test_given_more_members_than_a_page_when_paged_and_searched_then_each_is_shown_once(member_client, acme, tab):
    if tab:
        made = [factories.make_console_member(acme, ConsoleRole.MEMBER) for _ in range(MEMBERS_PER_PAGE)]
    else:
        made = [factories.make_iam_member(acme) for _ in range(MEMBERS_PER_PAGE + 1)]
    emails = {member.user.email for member in made}
    list_page = f"/console/{acme.public_id}/members/"

    pages = [member_client.get(f"{list_page}?page={number}{tab}").text for number in (1, 2)]

    shown = [{email for email in emails if f">{email}<" in page} for page in pages]
    assert shown[0] | shown[1] == emails
    assert not shown[0] & shown[1]
    assert "page=2" in pages[0]
    assert member_client.get(f"{list_page}?page=nonsense{tab}").status_code == 200
    found = member_client.get(f"{list_page}?q={made[-1].user.email}{tab}").text
    assert [email for email in emails if f">{email}<" in found] == [made[-1].user.email]
    assert "d-pager" not in found
