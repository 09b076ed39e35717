from __future__ import annotations

import pytest
from django.utils import timezone

from daedap.audit.models import AuditEntry
from daedap.core.actors import SYSTEM
from daedap.core.errors import Conflict, NotFound
from daedap.core.scoping import organization_scope, service_scope
from daedap.helpcenter import actions
from daedap.helpcenter.actions import CompanyRefused, InUse, Texts
from daedap.helpcenter.models import CompanyInformation, CompanyText, Composition
from daedap.organizations.models import LoginSecurity
from daedap.services.models import ServiceLanguage, ServiceState, ServiceType
from tests import factories

LIST = "/admin/company-information/"
ADD = "/admin/company-information/add/"
COMPOSITION = "/shop/settings/help-center/composition/"
KO = {
    "company": "(주)에크미\n대표 홍길동",
    "copyright": "© Acme",
    "terms_title": "이용 약관",
    "terms": "<h2>제1조</h2>",
}


def save(organization, *, name="기본", texts=None, **over):
    with organization_scope(organization.pk):
        return actions.save_company_information(
            organization_id=organization.pk, name=name, texts=texts or {"ko": Texts(**KO)}, actor=SYSTEM, **over
        )


def apply(service, information):
    with service_scope(service.organization_id, service.pk):
        return actions.set_composition(
            service=service,
            company_information_id=information.pk if information else None,
            attachments_need_sign_in=False,
            actor=SYSTEM,
        )


def posted(**over):
    return {f"ko-{name}": value for name, value in (KO | over).items()} | {"name": over.get("name", "기본")}


def footer(client, path="/shop/hc/"):
    page = client.get(path)
    assert page.status_code == 200
    return page.text.split("<footer")[1]


# --- Global Management -----------------------------------------------------------------------------------------


def test_given_owner_when_added_edited_and_deleted_then_the_list_follows(acme, shop, owner, client_of):
    client = client_of(acme, owner)
    assert "아직 회사 정보가 없습니다" in client.get(LIST).text
    assert client.post(ADD, posted()).status_code == 302
    with organization_scope(acme.pk):
        information = CompanyInformation.objects.get()
    assert "기본" in client.get(LIST).text
    page = client.get(f"{LIST}{information.pk}/")
    assert "대표 홍길동" in page.text
    assert client.post(f"{LIST}{information.pk}/", posted(name="새 이름")).status_code == 302
    assert "새 이름" in client.get(LIST).text
    assert client.post(f"{LIST}{information.pk}/delete/").status_code == 302
    with organization_scope(acme.pk):
        assert not CompanyInformation.objects.exists()
        assert not CompanyText.objects.exists()
        assert AuditEntry.objects.filter(action__startswith="helpcenter.company_information").count() == 3


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", " ", "필수"),
        ("name", "가" * 101, "100"),
        ("company", "가" * 2001, "2000"),
        ("copyright", "가" * 2001, "2000"),
        ("terms", "가" * 100_001, "100000"),
        ("terms_title", "", "제목"),
        ("terms", "", "주소"),
        ("terms_url", "https://example.com/terms", "하나만"),
    ],
)
def test_given_a_text_that_breaks_a_limit_when_saved_then_422_beside_it_and_nothing_stored(
    acme, shop, owner, client_of, field, value, sentence
):
    page = client_of(acme, owner).post(ADD, posted(**{field: value}))
    assert page.status_code == 422
    assert sentence in page.text
    assert 'aria-invalid="true"' in page.text
    with organization_scope(acme.pk):
        assert not CompanyInformation.objects.exists()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//x.example", "data:text/html,x", "ftp://x.example/", "terms"])
def test_given_an_address_that_is_no_web_page_when_saved_then_refused(acme, shop, url):
    with pytest.raises(CompanyRefused) as refused:
        save(acme, texts={"ko": Texts(terms_title="약관", terms_url=url)})
    assert (refused.value.field, refused.value.language) == ("terms_url", "ko")
    with organization_scope(acme.pk):
        assert not CompanyInformation.objects.exists()


def test_given_company_information_of_another_organization_when_asked_for_then_404_A82(
    acme, shop, owner, beta, client_of
):
    theirs = save(beta)
    client = client_of(acme, owner)
    for path in (f"{LIST}{theirs.pk}/", f"{LIST}{theirs.pk}/delete/"):
        assert client.get(path).status_code == 404
        assert client.post(path, posted()).status_code == 404
    with organization_scope(beta.pk):
        assert CompanyInformation.objects.get().name == "기본"


def test_given_only_issue_services_when_company_information_is_asked_for_then_404_A80(acme, owner, client_of):
    factories.make_service(acme, "issues", type=ServiceType.ISSUE)
    client = client_of(acme, owner)
    assert client.get(LIST).status_code == 404
    assert client.post(ADD, posted()).status_code == 404
    assert CompanyInformation._base_manager.count() == 0


def test_given_ip_acl_when_company_information_is_opened_from_elsewhere_then_403_A46(acme, shop, owner, client_of):
    client = client_of(acme, owner)
    with organization_scope(acme.pk):
        LoginSecurity.objects.create(organization=acme, limits_addresses=True, addresses=["10.0.0.0/8"])
    assert client.get(LIST).status_code == 403
    assert client.get(COMPOSITION).status_code == 403
    assert client.get("/shop/hc/").status_code == 200


# --- Composition -----------------------------------------------------------------------------------------------


def test_given_a_set_when_the_administrator_applies_it_then_every_page_shows_it_and_edits_show_at_once_example_52(
    acme, shop, owner, administrator, client_of
):
    information = save(acme)
    visitor = client_of(acme)
    assert "홍길동" not in footer(visitor)
    saved = client_of(acme, administrator).post(COMPOSITION, {"company_information": information.pk})
    assert saved.status_code == 302
    for agent_string in ("Mozilla/5.0 (Windows NT 10.0)", "Mozilla/5.0 (iPhone) Mobile"):
        for path in ("/shop/hc/", "/shop/hc/ticket/"):
            page = visitor.get(path, headers={"user-agent": agent_string}).text.split("<footer")[1]
            assert "(주)에크미<br>대표 홍길동" in page
            assert "© Acme" in page
            assert 'href="/shop/hc/terms/"' in page
    client_of(acme, owner).post(f"{LIST}{information.pk}/", posted(company="이사한 에크미"))
    assert "이사한 에크미" in footer(visitor)
    terms = visitor.get("/shop/hc/terms/")
    assert "<h2>제1조</h2>" in terms.text
    client_of(acme, administrator).post(COMPOSITION, {"company_information": ""})
    assert "이사한 에크미" not in footer(visitor)
    assert visitor.get("/shop/hc/terms/").status_code == 404


def test_given_the_switch_for_attachments_when_turned_by_an_administrator_then_saved_shown_and_recorded(
    acme, shop, administrator, client_of
):
    information = save(acme)
    client = client_of(acme, administrator)
    assert "checked" not in client.get(COMPOSITION).text
    for given, is_on in (({"attachments_need_sign_in": "on"}, True), ({}, False)):
        assert client.post(COMPOSITION, {"company_information": information.pk} | given).status_code == 302
        with service_scope(acme.pk, shop.pk):
            saved = Composition.objects.get()
        assert (saved.attachments_need_sign_in, saved.company_information_id) == (is_on, information.pk)
        assert ("checked" in client.get(COMPOSITION).text) is is_on
        entry = AuditEntry._base_manager.filter(action="helpcenter.composition_changed").latest("pk")
        assert entry.facts["attachments_need_sign_in"] is is_on
        assert entry.service_id == shop.pk


def test_given_an_agent_the_owner_or_a_stranger_when_turning_the_switch_then_refused_and_nothing_changed(
    acme, beta, shop, agent, owner, stranger, client_of
):
    for client in (client_of(acme, agent), client_of(acme, owner), client_of(acme, stranger), client_of(acme)):
        client.post(COMPOSITION, {"company_information": "", "attachments_need_sign_in": "on"})
    with service_scope(acme.pk, shop.pk):
        assert not Composition.objects.exists()
    assert not AuditEntry._base_manager.filter(action="helpcenter.composition_changed").exists()


def test_given_a_set_in_use_when_deleted_then_refused_naming_the_services_example_52(acme, shop, owner, client_of):
    information = save(acme)
    apply(shop, information)
    client = client_of(acme, owner)
    page = client.post(f"{LIST}{information.pk}/delete/")
    assert page.status_code == 409
    assert "쇼핑몰" in page.text
    with organization_scope(acme.pk), pytest.raises(InUse) as refused:
        actions.delete_company_information(information_id=information.pk, actor=SYSTEM)
    assert refused.value.services == ["쇼핑몰"]
    with organization_scope(acme.pk):
        assert CompanyInformation.objects.filter(pk=information.pk).exists()
    assert "홍길동" in footer(client_of(acme))


def test_given_a_terminated_service_when_its_set_is_deleted_then_done(acme, shop):
    information = save(acme)
    apply(shop, information)
    shop.state, shop.stopped_at = ServiceState.STOPPED, timezone.now()
    shop.save()
    with organization_scope(acme.pk):
        actions.delete_company_information(information_id=information.pk, actor=SYSTEM)
        assert not CompanyInformation.objects.exists()


def test_given_a_set_of_another_organization_when_applied_then_refused(acme, shop, beta, administrator, client_of):
    theirs = save(beta)
    page = client_of(acme, administrator).post(COMPOSITION, {"company_information": theirs.pk})
    assert page.status_code == 422
    with service_scope(acme.pk, shop.pk):
        with pytest.raises(CompanyRefused):
            actions.set_composition(
                service=shop, company_information_id=theirs.pk, attachments_need_sign_in=True, actor=SYSTEM
            )
        assert not Composition.objects.exists()


def test_given_a_suspended_service_when_composed_then_refused(acme, shop):
    information = save(acme)
    shop.state = ServiceState.PAUSED
    shop.save()
    with pytest.raises(Conflict):
        apply(shop, information)
    assert Composition._base_manager.count() == 0


def test_given_organization_administrator_without_role_when_composition_is_asked_for_then_refused_A52(
    acme, shop, owner, agent, administrator, client_of
):
    information = save(acme)
    chief = factories.make_iam_member(acme, "chief", is_administrator=True)
    for who in (owner, chief, agent):
        client = client_of(acme, who)
        assert client.get(COMPOSITION).status_code == 403
        assert client.post(COMPOSITION, {"company_information": information.pk}).status_code == 403
    assert Composition._base_manager.count() == 0
    other = factories.make_service(acme, "other")
    assert client_of(acme, administrator).get("/other/settings/help-center/composition/").status_code == 403
    assert other.pk != shop.pk


def test_given_issue_service_when_composition_is_asked_for_then_404(acme, client_of):
    issues = factories.make_service(acme, "issues", type=ServiceType.ISSUE)
    chief = factories.make_agent(issues, "chief", role="ROLE_FRONT_ADMIN")
    assert client_of(acme, chief).get("/issues/settings/help-center/composition/").status_code == 404


# --- Languages and markup --------------------------------------------------------------------------------------


def test_given_two_languages_when_shown_then_the_visitors_else_the_default(acme, shop, client_of):
    with service_scope(acme.pk, shop.pk):
        ServiceLanguage.objects.create(organization=acme, service=shop, code="en", name="English", order=1)
        ServiceLanguage.objects.create(organization=acme, service=shop, code="ja", name="日本語", order=2)
    information = save(acme, texts={"ko": Texts(**KO), "en": Texts(company="Acme Inc.")})
    apply(shop, information)
    visitor = client_of(acme)
    assert "Acme Inc." in footer(visitor, "/shop/hc/?language=en")
    assert "홍길동" in footer(client_of(acme), "/shop/hc/?language=ja")
    save(acme, information_id=information.pk, texts={"en": Texts()})
    assert "홍길동" in footer(visitor, "/shop/hc/?language=en")


def test_given_terms_elsewhere_when_shown_then_a_link_that_tells_nothing(acme, shop, client_of):
    apply(shop, save(acme, texts={"ko": Texts(terms_title="약관", terms_url="https://example.com/terms")}))
    page = footer(client_of(acme))
    assert '<a href="https://example.com/terms" target="_blank" rel="noopener noreferrer">약관</a>' in page
    assert client_of(acme).get("/shop/hc/terms/").status_code == 404


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("A & B <주>\n둘째 줄", "<p>A &amp; B &lt;주&gt;<br>둘째 줄</p>"),
        ("3 < 5", "<p>3 &lt; 5</p>"),
        ("<b>굵게</b><script>alert(1)</script>", "<b>굵게</b>"),
        ("<script>x</script>안녕 & 잘 가", "<p>안녕 &amp; 잘 가</p>"),
        ("<table><tr><td onclick=x>칸</td></tr></table>", "<table><tbody><tr><td>칸</td></tr></tbody></table>"),
    ],
)
def test_given_plain_text_or_html_when_shown_then_lines_stay_and_nothing_runs(acme, shop, client_of, typed, shown):
    information = save(acme, texts={"ko": Texts(company=typed)})
    apply(shop, information)
    assert f'<div class="hc-company">{shown}</div>' in footer(client_of(acme))
    with organization_scope(acme.pk):
        stored = CompanyText.objects.get().company
    save(acme, information_id=information.pk, texts={"ko": Texts(company=stored)})
    with organization_scope(acme.pk):
        assert CompanyText.objects.get().company == stored


def test_given_unknown_row_when_changed_or_deleted_then_not_found(acme):
    with organization_scope(acme.pk), pytest.raises(NotFound):
        actions.delete_company_information(information_id=0, actor=SYSTEM)
    with pytest.raises(NotFound):
        save(acme, information_id=2**31)
    assert CompanyInformation._base_manager.count() == 0
