from tests.factories import make_agent, make_iam_member, make_service


def text(response):
    return response.content.decode()


def test_given_owner_without_service_when_home_opened_then_contract_service_status_A49(acme, owner, client_of):
    response = client_of(acme, owner).get("/", follow=True)
    assert response.redirect_chain == [("/admin/services/", 302)]
    assert "서비스 추가" in text(response)


def test_given_member_without_rights_when_home_opened_then_notice_R8(acme, shop, client_of):
    response = client_of(acme, make_iam_member(acme, "plain")).get("/")
    page = text(response)
    assert response.status_code == 200
    assert "이용 권한이 없습니다. 조직관리자에게 문의하세요." in page
    assert "쇼핑몰" not in page
    assert "/admin/" not in page
    assert "/console/me/" in page
    assert "/logout/" in page


def test_given_agent_when_home_opened_then_tickets_of_the_first_service(acme, agent, client_of):
    response = client_of(acme, agent).get("/")
    assert response.status_code == 302
    assert response.url.startswith("/shop/")


def test_given_two_services_when_page_opened_then_tabs_of_the_own_ones_only(acme, agent, owner, client_of):
    make_agent(make_service(acme, "club", name="멤버십"), member=agent.member)
    make_service(acme, "other", name="남의 서비스")
    page = text(client_of(acme, agent).get("/console/me/"))
    assert page.index("쇼핑몰") < page.index("멤버십")
    assert "남의 서비스" not in page


def test_given_rights_when_rail_drawn_then_only_what_may_be_opened(acme, owner, administrator, agent, client_of):
    by_owner = text(client_of(acme, owner).get("/shop/agents/"))
    assert "전체 관리" in by_owner
    assert 'href="/shop/agents/"' in by_owner
    by_administrator = text(client_of(acme, administrator).get("/shop/agents/"))
    assert "전체 관리" not in by_administrator
    assert 'href="/shop/agents/"' in by_administrator
    by_agent = text(client_of(acme, agent).get("/console/me/"))
    assert "전체 관리" not in by_agent
    assert 'href="/shop/agents/"' not in by_agent


def test_given_signed_in_when_unknown_page_or_forbidden_then_error_page_draws(acme, agent, client_of):
    client = client_of(acme, agent)
    assert client.get("/nothing/here/").status_code == 404
    assert client.get("/admin/services/").status_code == 403


def test_given_personal_settings_when_opened_then_facts_are_read_only(acme, agent, client_of):
    page = text(client_of(acme, agent).get("/console/me/"))
    user = agent.member.user
    for fact in (user.login_id, user.name, user.email):
        assert fact in page
    for name in ("login_id", "name", "email"):
        assert f'name="{name}"' not in page


def test_given_language_chosen_when_saved_then_kept_and_pages_follow(acme, agent, client_of):
    client = client_of(acme, agent)
    response = client.post("/console/me/", {"language": "en", "name": "Forged", "email": "x@x.example"}, follow=True)
    assert "Personal settings" in text(response)
    user = agent.member.user
    name, email = user.name, user.email
    user.refresh_from_db()
    assert (user.language, user.name, user.email) == ("en", name, email)


def test_given_unknown_language_when_saved_then_refused(acme, agent, client_of):
    assert client_of(acme, agent).post("/console/me/", {"language": "xx"}).status_code == 422
    agent.member.user.refresh_from_db()
    assert agent.member.user.language == "ko"


def test_given_platform_member_when_signed_in_there_then_no_staff_menus(platform_client, founder):
    platform_client.force_login(founder)
    assert "/console/me/" not in text(platform_client.get("/nothing/here/"))
