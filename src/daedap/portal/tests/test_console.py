import pytest

from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope
from daedap.organizations.models import IamMember, Organization
from tests import factories

HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def young(payer_client, founder):
    """The founder's organization that has no domain yet."""
    return factories.make_organization(name="새 조직", domain=None, key="", activated_at=None, creator=founder)


@pytest.fixture
def at(young):
    """The address of the organization in the console."""
    return f"/console/{young.public_id}/"


def register(client, at, login_id="kim.lee", **facts):
    data = {"login_id": login_id, "name": "김이", "email": "kim@example.com"} | facts
    return client.post(f"{at}members/new/", data)


def members_of(organization):
    with organization_scope(organization.pk):
        return list(IamMember.objects.select_related("user").order_by("pk"))


def test_given_no_payment_method_when_console_opened_then_prompt_and_create_refused_A12(member_client):
    assert "결제수단을 먼저 등록해 주세요" in member_client.get("/console/").text
    assert member_client.get("/console/new/").url == "/console/"
    assert member_client.post("/console/new/", {"name": "예스24"}).url == "/me/payment/"
    assert not Organization.objects.exists()


def test_given_payment_method_when_created_then_dashboard_A13(payer_client, founder):
    assert "조직을 생성해 주세요" in payer_client.get("/console/").text

    response = payer_client.post("/console/new/", {"name": "예스24 & Co."})

    organization = Organization.objects.get()
    assert response.url == f"/console/{organization.public_id}/"
    assert (organization.name, organization.creator) == ("예스24 & Co.", founder)
    assert "예스24 &amp; Co." in payer_client.get(response.url).text


def test_given_dialog_when_name_is_refused_then_only_the_form_comes_back_A15(payer_client, beta):
    response = payer_client.post("/console/new/", {"name": " BETA "}, **HTMX)

    assert response.status_code == 422
    assert "이미 사용 중인 조직 이름입니다." in response.text
    assert "<html" not in response.text
    assert payer_client.post("/console/new/", {"name": "감마"}, **HTMX)["HX-Redirect"].startswith("/console/")


def test_given_three_organizations_when_fourth_then_refused_A16(payer_client, founder):
    for _ in range(3):
        factories.make_organization(creator=founder)
    response = payer_client.post("/console/new/", {"name": "하나 더"})
    assert response.status_code == 422
    assert "조직은 3개까지 생성할 수 있습니다." in response.text
    assert Organization.objects.count() == 3


@pytest.mark.parametrize(
    "page",
    [
        "",
        "services/",
        "members/",
        "members/new/",
        "settings/",
        "governance/",
        "online-contact/",
        "online-contact/domain/",
        "online-contact/domain/check/",
        "online-contact/members/",
        "online-contact/done/",
    ],
)
def test_given_another_creators_organization_when_opened_then_404(payer_client, beta, page):
    assert payer_client.get(f"/console/{beta.public_id}/{page}").status_code == 404
    assert payer_client.post(f"/console/{beta.public_id}/{page}", {"name": "x"}).status_code in (404, 405)
    assert payer_client.get(f"/console/nothing/{page}").status_code == 404


def test_given_wizard_when_followed_then_each_step_leads_to_the_next_A17_A24_A29(payer_client, young, at):
    assert payer_client.get(f"{at}online-contact/").url == f"{at}online-contact/domain/"
    page = payer_client.get(f"{at}online-contact/domain/")
    assert 'value="새 조직"' in page.text

    saved = payer_client.post(f"{at}online-contact/domain/", {"name": "예스24", "domain": "My-Shop1"})

    assert saved.url == f"{at}online-contact/members/"
    organization = Organization.objects.get(pk=young.pk)
    assert (organization.name, organization.domain) == ("예스24", "my-shop1")
    assert payer_client.get(f"{at}online-contact/").url == f"{at}online-contact/members/"

    listed = f"{at}online-contact/members/"
    assert register(payer_client, at, next=listed).url == listed
    assert register(payer_client, at, "park", next="https://evil.example/").url == f"{at}members/"
    assert OutgoingMail.objects.filter(kind="iam-password-setup").count() == 2
    kim, _park = members_of(young)

    done = payer_client.post(listed, {"owner": kim.pk})

    assert done.url == f"{at}online-contact/done/"
    page = payer_client.get(done.url)
    assert "http://my-shop1.oc.localhost:8000/" in page.text
    assert "kim.lee" in page.text
    assert f"{at}governance/" in page.text
    assert payer_client.get(f"{at}governance/").status_code == 200
    assert payer_client.get(f"{at}online-contact/domain/").url == done.url
    assert "이용 중" in payer_client.get(f"{at}services/").text
    assert "http://my-shop1.oc.localhost:8000/" in payer_client.get(at).text


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        ("ab", "3~40자"),
        ("a" * 41, "3~40자"),
        ("-shop", "첫 글자"),
        ("shop_1", "영문, 숫자, 하이픈만"),
        ("쇼핑", "영문, 숫자, 하이픈만"),
        ("console", "사용할 수 없는 도메인입니다."),
        ("BETA", "중복된 도메인이 존재합니다."),
        ("", "도메인을 입력해 주세요."),
    ],
)
def test_given_domain_that_breaks_a_rule_when_saved_then_sentence_and_nothing_stored_A18_A19_A21_A23(
    payer_client, young, at, beta, domain, sentence
):
    response = payer_client.post(f"{at}online-contact/domain/", {"name": "새 이름", "domain": domain})

    assert response.status_code == 422
    assert sentence in response.text
    assert 'value="새 이름"' in response.text
    kept = Organization.objects.get(pk=young.pk)
    assert (kept.name, kept.domain) == ("새 조직", None)


def test_given_typed_domain_when_checked_live_then_said_whether_it_is_free(payer_client, at, beta):
    check = f"{at}online-contact/domain/check/"
    assert "중복된 도메인이 존재합니다." in payer_client.get(check, {"domain": "beta"}).text
    free = payer_client.get(check, {"domain": "My-Shop"}).text
    assert "사용할 수 있는 도메인입니다." in free
    assert "http://my-shop.oc.localhost:8000/" in free


@pytest.mark.parametrize("ticked", [{}, {"owner": ""}, {"owner": "x"}, {"owner": ["1", "2"]}, {"owner": "999999"}])
def test_given_not_exactly_one_ticked_when_next_then_refused_A28(payer_client, young, at, ticked):
    payer_client.post(f"{at}online-contact/domain/", {"name": "새 조직", "domain": "new-shop"})
    register(payer_client, at, "kim")
    register(payer_client, at, "lee")

    response = payer_client.post(f"{at}online-contact/members/", ticked)

    assert response.status_code == 422
    assert "OWNER로 사용할 IAM 멤버를 한 명 선택해 주세요." in response.text
    assert not Organization.objects.get(pk=young.pk).is_active
    assert not any(member.is_owner for member in members_of(young))


def test_given_nobody_registered_when_next_then_told_to_register_first_A28(payer_client, young, at):
    payer_client.post(f"{at}online-contact/domain/", {"name": "새 조직", "domain": "new-shop"})

    response = payer_client.post(f"{at}online-contact/members/")

    assert response.status_code == 422
    assert "먼저 IAM 멤버를 등록" in response.text
    assert not Organization.objects.get(pk=young.pk).is_active


def test_given_many_members_when_step_two_is_opened_then_pages_and_search_find_the_owner(payer_client, young, at):
    payer_client.post(f"{at}online-contact/domain/", {"name": "새 조직", "domain": "new-shop"})
    listed = f"{at}online-contact/members/"
    young.refresh_from_db()
    for number in range(51):
        factories.make_iam_member(young, f"agent{number:02}")
    last = members_of(young)[-1]

    first = payer_client.get(listed).text
    assert first.count('name="owner"') == 50
    assert "agent50" not in first
    assert 'type="search"' in first
    assert payer_client.get(f"{listed}?page=2").text.count('name="owner"') == 1
    assert "agent50" in payer_client.get(f"{listed}?q=agent50").text
    assert "검색 결과가 없습니다" in payer_client.get(f"{listed}?q=nobody").text

    done = payer_client.post(f"{listed}?q=agent50", {"owner": last.pk})

    assert done.url == f"{at}online-contact/done/"
    assert [member.user.login_id for member in members_of(young) if member.is_owner] == ["agent50"]


def test_given_enabled_when_activation_is_repeated_then_refused_A30(payer_client, acme, owner):
    other = factories.make_iam_member(acme, "kim")
    response = payer_client.post(f"/console/{acme.public_id}/online-contact/members/", {"owner": other.pk})
    assert response.status_code == 422
    assert "이미 Online Contact를 이용하고 있습니다." in response.text
    assert [member.is_owner for member in members_of(acme)] == [True, False]


def test_given_id_taken_when_registered_in_the_dialog_then_sentence_and_typed_values_A25_A26(payer_client, young, at):
    payer_client.post(f"{at}online-contact/domain/", {"name": "새 조직", "domain": "new-shop"})
    register(payer_client, at, "kim")

    for login_id, sentence in (("kim", "같은 ID를 가진 멤버가 이미 존재합니다"), ("Kim", "영문 소문자")):
        data = {"login_id": login_id, "name": "김이", "email": "lee@example.com"}
        response = payer_client.post(f"{at}members/new/", data, **HTMX)
        assert response.status_code == 422
        assert sentence in response.text
        assert 'value="lee@example.com"' in response.text
        assert "<html" not in response.text
    assert len(members_of(young)) == 1


def test_given_no_domain_when_member_registered_then_wizard_first(payer_client, young, at):
    assert register(payer_client, at).url == f"{at}online-contact/"
    assert members_of(young) == []


def test_given_members_when_managed_then_resent_removed_and_owner_kept(payer_client, acme, owner):
    kim = factories.make_iam_member(acme, "kim", password=None)
    at = f"/console/{acme.public_id}/"
    page = payer_client.get(f"{at}members/")
    assert "설정 전" in page.text
    assert "founder@example.com" in payer_client.get(f"{at}members/?tab=platform").text

    payer_client.post(f"{at}members/{kim.pk}/resend/")
    assert OutgoingMail.objects.filter(kind="iam-password-setup").count() == 1
    payer_client.post(f"{at}members/{owner.pk}/remove/")
    payer_client.post(f"{at}members/{kim.pk}/remove/")
    assert [member.status for member in members_of(acme)] == ["member", "leaved"]


def test_given_member_of_another_organization_when_touched_then_404(payer_client, acme, beta):
    foreign = factories.make_iam_member(beta, "kim")
    for verb in ("resend", "remove"):
        assert payer_client.post(f"/console/{acme.public_id}/members/{foreign.pk}/{verb}/").status_code == 404
    assert members_of(beta)[0].status == "member"


def test_given_name_when_saved_in_settings_then_renamed_and_duplicates_refused(payer_client, acme, beta):
    at = f"/console/{acme.public_id}/settings/"
    assert payer_client.post(at, {"name": "Acme 2"}).url == at
    response = payer_client.post(at, {"name": "beta"})
    assert response.status_code == 422
    assert Organization.objects.get(pk=acme.pk).name == "Acme 2"


def test_given_operator_without_membership_when_opening_console_then_404(platform_client, db):
    from daedap.accounts.models import User

    operator = User.objects.create_superuser("root@example.com", "Ocean!72", name="운영자")
    platform_client.force_login(operator)
    assert platform_client.get("/console/").status_code == 404
