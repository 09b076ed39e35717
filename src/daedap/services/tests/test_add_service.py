import re
import threading

import pytest
from django.db import connection

from daedap.audit.models import AuditEntry
from daedap.core import events
from daedap.core.actors import SYSTEM
from daedap.core.scoping import organization_scope, service_scope
from daedap.services.actions import add_service
from daedap.services.models import ContractItem, Group, ItemUse, Service, ServiceLanguage, ServiceState, ServiceType
from daedap.services.rules import ServiceRefused
from tests.factories import make_iam_member, make_organization

LIST, ADD = "/admin/services/", "/admin/services/add/"
GOOD = {
    "type": "1",
    "name": "쇼핑몰",
    "service_id": "myShop",
    "languages": ["ko", "ja"],
    "default_language": "ko",
    "time_zone": "",
    "editor_type": "html",
}


def text(response):
    return response.content.decode()


@pytest.fixture
def client(acme, owner, client_of):
    return client_of(acme, owner)


def services(organization):
    with organization_scope(organization.pk):
        return list(Service.objects.order_by("pk"))


def test_given_no_service_when_list_opened_then_it_says_what_to_do_A49(client):
    page = text(client.get(LIST))
    assert "아직 서비스가 없습니다" in page
    assert f'href="{ADD}"' in page


def test_given_good_facts_when_added_then_service_waits_for_its_contract_A59(client, acme, owner, monkeypatch):
    published = []
    monkeypatch.setattr(events, "publish", lambda event, **ids: published.append((event, ids)))
    response = client.post(ADD, GOOD)
    assert response.url == "/admin/services/myShop/contract/"
    (service,) = services(acme)
    assert (service.service_id, service.name, service.type) == ("myShop", "쇼핑몰", ServiceType.CONSULTATION)
    assert (service.state, service.default_language, service.time_zone) == (ServiceState.CREATE, "ko", "Asia/Seoul")
    assert service.contracted_at is None
    assert re.fullmatch(r"[0-9a-f]{32}", service.key)
    with service_scope(acme.pk, service.pk):
        assert [(row.code, row.name) for row in ServiceLanguage.objects.all()] == [("ko", "한국어"), ("ja", "日本語")]
        assert not ContractItem.objects.exists()
        assert [group.name for group in Group.objects.all()] == ["기본 그룹"]
    assert published == [("services.service_created", {"service_id": service.pk, "organization_id": acme.pk})]
    entry = AuditEntry._base_manager.earliest("pk")
    assert (entry.action, entry.actor_id, entry.service_id) == ("services.service_added", owner.user.pk, service.pk)
    page = text(client.get(LIST))
    assert "쇼핑몰" in page
    assert "미사용" in page
    assert 'href="/admin/services/myShop/contract/"' in page
    with organization_scope(acme.pk):
        assert not ItemUse.objects.exists()  # not billed


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"service_id": "shop1"}, "영문자만 입력해 주세요."),  # A54
        ({"service_id": "숍"}, "영문자만 입력해 주세요."),  # A54
        ({"service_id": "a" * 46}, "45자 이내로 입력해 주세요."),  # A54
        ({"service_id": "openapi"}, "사용할 수 없는 ID입니다."),  # A55
        ({"service_id": "HC"}, "사용할 수 없는 ID입니다."),
        ({"service_id": ""}, "d-error"),
        ({"service_id": "SHOP"}, "이미 사용 중인 서비스 ID입니다."),
        ({"name": " 기존 "}, "이미 사용 중인 서비스 명입니다."),
        ({"name": "가" * 101}, "d-error"),
        ({"languages": []}, "d-error"),
        ({"languages": ["xx"]}, "d-error"),
        ({"languages": ["ja"]}, "선택한 언어 중에서 기본 언어를 골라 주세요."),
        ({"time_zone": "Mars/Olympus"}, "d-error"),
    ],
)
def test_given_bad_fact_when_added_then_said_and_nothing_stored_A54_A55(client, acme, facts, sentence):
    with organization_scope(acme.pk):
        add_service(organization_id=acme.pk, service_id="shop", name="기존", actor=SYSTEM)
    response = client.post(ADD, GOOD | facts)
    assert response.status_code == 422
    assert sentence in text(response)
    assert [service.service_id for service in services(acme)] == ["shop"]
    assert not AuditEntry._base_manager.exclude(service_id=services(acme)[0].pk).exists()


def test_given_issue_type_when_chosen_then_no_languages_A56(client, acme):
    page = text(client.get(ADD, {"type": "2"}))
    assert 'name="languages"' not in page
    assert 'name="default_language"' not in page
    assert 'name="editor_type"' not in page
    issue = {"type": "2", "name": "이슈", "service_id": "issue", "time_zone": "Asia/Seoul", "languages": ["ko"]}
    assert client.post(ADD, issue).status_code == 302
    (service,) = services(acme)
    assert service.type == ServiceType.ISSUE
    with service_scope(acme.pk, service.pk):
        assert not ServiceLanguage.objects.exists()


@pytest.mark.parametrize(
    ("language", "zone"),
    [("ko", "Asia/Seoul"), ("ja", "Asia/Tokyo"), ("en", "America/New_York"), ("zh", "Asia/Shanghai")],
)
def test_given_default_language_when_no_zone_chosen_then_its_own(open_acme, language, zone):
    service = add_service(
        organization_id=open_acme.pk,
        service_id="shop",
        name="a",
        languages=[language],
        default_language=language,
        actor=SYSTEM,
    )
    assert service.time_zone == zone


def test_given_zone_chosen_when_added_then_it_holds(client, acme):
    client.post(ADD, GOOD | {"time_zone": "Europe/Berlin"})
    assert services(acme)[0].time_zone == "Europe/Berlin"


def test_given_same_id_and_name_in_other_organization_when_added_then_accepted(client, acme, beta_shop):
    assert client.post(ADD, GOOD | {"service_id": "shop", "name": "베타 쇼핑몰"}).status_code == 302


def test_given_no_right_when_opened_or_sent_then_403(acme, administrator, client_of):
    before = len(services(acme))
    for who in (make_iam_member(acme, "plain"), administrator):
        client = client_of(acme, who)
        assert client.get(LIST).status_code == 403
        assert client.get(ADD).status_code == 403
        assert client.post(ADD, GOOD).status_code == 403
    assert len(services(acme)) == before


@pytest.mark.django_db(transaction=True)
def test_given_two_at_once_when_adding_one_id_then_exactly_one_wins():
    organization = make_organization()
    start, results = threading.Barrier(2), []

    def add(name):
        try:
            with organization_scope(organization.pk):
                start.wait()
                add_service(organization_id=organization.pk, service_id="shop", name=name, actor=SYSTEM)
            results.append("added")
        except ServiceRefused as refused:
            results.append(refused.field)
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=[name]) for name in ("하나", "둘")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["added", "service_id"]
