"""The organization-level API: services and contracts (spec 10, 5.4 and 5.2)."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from daedap.audit.models import AuditEntry
from daedap.core.scoping import organization_scope
from daedap.services.contracts import AlreadyChangedToday, change_contract_items, list_item_codes
from daedap.services.models import Service, ServiceState
from tests.factories import make_iam_member, make_service

from .calls import ADMIN, Caller, content, read

ADD, LIST = f"{ADMIN}service/add.json", f"{ADMIN}service/list.json"
REGISTER, CONTRACTS = f"{ADMIN}billing/reg.json", f"{ADMIN}billing/list.json"


@pytest.fixture
def call(acme, owner):
    return Caller(acme, acme.key)


def refusal(response):
    code, message, result = read(response)
    assert result is None
    return code, message, response.headers.get("X-OC-Error-Detail")


def service_named(service_id):
    return Service._base_manager.get(service_id=service_id)


def items_of(service):
    with organization_scope(service.organization_id):
        return sorted(list_item_codes(service))


# --- services ----------------------------------------------------------------------------------------------------


def test_given_new_service_when_added_contracted_edited_paused_and_terminated_then_each_answer_fits(call, acme, owner):
    added = content(call("POST", ADD, {"serviceId": "Desk", "name": "고객센터", "languages": ["ko", {"code": "en"}]}))
    service = service_named("Desk")
    assert added == {
        "serviceId": "Desk",
        "name": "고객센터",
        "profile": None,
        "language": "ko",
        "languages": [
            {"code": "ko", "name": "한국어", "orderNo": 0},
            {"code": "en", "name": "English", "orderNo": 1},
        ],
        "multiLanguage": True,
        "type": 1,
        "state": "create",
        "timeZone": "Asia/Seoul",
        "editorType": "html",
        "apiKey": service.key,
    }
    contract = content(call("POST", REGISTER, {"serviceId": "desk", "items": ["chat"]}))
    billing = contract["billingId"]
    assert (contract["state"], contract["items"]) == ("inuse", ["chat", "ticket"])
    assert len(contract["startDt"]) == 14
    assert content(call("GET", f"{ADMIN}billing/{billing}.json")) == contract
    assert content(call("GET", f"{ADMIN}billing/service/desk.json")) == contract
    changed = content(call("PUT", f"{ADMIN}billing/update/{billing}.json", {"items": "helpdoc,chat"}))
    assert changed["items"] == ["chat", "helpdoc", "ticket"]
    assert content(call("DELETE", f"{ADMIN}service/Desk.json")) == "ENABLE"  # A64
    assert content(call("PUT", f"{ADMIN}service/disable.json?serviceId=Desk"))["state"] == "pause"
    assert content(call("PUT", f"{ADMIN}service/enable.json?serviceId=Desk"))["state"] == "inuse"
    call("PUT", f"{ADMIN}service/disable.json?serviceId=Desk")
    assert content(call("DELETE", f"{ADMIN}service/Desk.json")) == "SUCCESS"
    service.refresh_from_db()
    assert service.state == ServiceState.STOPPED
    assert refusal(call("GET", f"{ADMIN}service/Desk.json"))[0] == 404
    actors = set(AuditEntry._base_manager.filter(service_id=service.pk).values_list("actor_id", flat=True))
    assert actors == {owner.user.pk}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"serviceId": ""}, "serviceId"),
        ({"serviceId": "a1"}, "serviceId"),
        ({"name": None}, "name"),
        ({"name": "x" * 1001}, "name"),
        ({"type": 3}, "type"),
        ({"type": "x"}, "type"),
        ({"type": True}, "type"),
        ({"languages": [1]}, "languages"),
        ({"languages": {"code": "ko"}}, "languages"),
        ({"languages": ["xx"]}, "languages"),
        ({"language": "en", "languages": ["ko"]}, "language"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"editorType": "word"}, "editorType"),
        ({"languages": [{"code": "ko", "name": 1}]}, "languages"),
        ({"languages": [{"code": "ko", "name": "x" * 51}]}, "languages"),
    ],
)
def test_given_wrong_field_when_added_then_400_names_it_and_nothing_is_stored(call, shop, changed, field):
    response = call("POST", ADD, {"serviceId": "Desk", "name": "고객센터"} | changed)
    assert refusal(response) == (400, "Bad Request", f"Invalid parameter: {field}")
    assert Service._base_manager.count() == 1


@pytest.mark.parametrize(("changed", "field"), [({"serviceId": "SHOP"}, "serviceId"), ({"name": "쇼핑몰"}, "name")])
def test_given_id_or_name_in_use_when_added_then_9007_and_nothing_is_stored(call, shop, changed, field):
    response = call("POST", ADD, {"serviceId": "Desk", "name": "고객센터"} | changed)
    assert refusal(response) == (9007, "Related data exists", f"Invalid parameter: {field}")
    assert Service._base_manager.count() == 1


def test_given_names_and_editor_when_added_then_kept(call):
    languages = [{"code": "en", "name": "Help"}, {"code": "ko"}]
    facts = {"serviceId": "Desk", "name": "고객센터", "languages": languages, "editorType": "text"}
    added = content(call("POST", ADD, facts))
    assert added["editorType"] == "text"
    assert [(each["code"], each["name"]) for each in added["languages"]] == [("en", "Help"), ("ko", "한국어")]


def test_given_service_when_changed_then_what_is_named_changes_and_the_rest_stays(call, owner):
    languages = [{"code": "ko", "name": "우리말"}, "en"]
    added = content(call("POST", ADD, {"serviceId": "Desk", "name": "고객센터", "languages": languages}))
    del added["apiKey"]
    url = f"{ADMIN}service/Desk.json"

    assert content(call("PUT", url, {"name": "새 이름", "serviceId": "Other", "type": 2})) == added | {
        "name": "새 이름"
    }
    changed = content(call("PUT", url, {"language": "ja", "languages": ["ja", "ko"], "timeZone": "Asia/Tokyo"}))

    assert [each["code"] for each in changed["languages"]] == ["ja", "ko"]
    assert (changed["language"], changed["timeZone"], changed["name"]) == ("ja", "Asia/Tokyo", "새 이름")
    assert content(call("GET", url)) == changed
    assert set(
        AuditEntry._base_manager.filter(action="services.basics_changed").values_list("actor_id", flat=True)
    ) == {owner.user.pk}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": "쇼핑몰"}, (9007, "name")),
        ({"languages": ["xx"]}, (400, "languages")),
        ({"language": "fr"}, (400, "language")),
        ({"editorType": "word"}, (400, "editorType")),
    ],
)
def test_given_wrong_field_when_changed_then_named_and_nothing_changes(call, shop, changed, told):
    added = content(call("POST", ADD, {"serviceId": "Desk", "name": "고객센터"}))
    del added["apiKey"]
    code, _, detail = refusal(call("PUT", f"{ADMIN}service/Desk.json", changed))
    assert (code, detail) == (told[0], f"Invalid parameter: {told[1]}")
    assert content(call("GET", f"{ADMIN}service/Desk.json")) == added


def test_given_suspended_unknown_or_foreign_service_when_changed_then_refused(call, shop, beta_shop):
    assert refusal(call("PUT", f"{ADMIN}service/nowhere.json", {"name": "x"}))[0] == 404
    call("PUT", f"{ADMIN}service/disable.json?serviceId=shop")
    assert refusal(call("PUT", f"{ADMIN}service/shop.json", {"name": "x"}))[0] == 400
    names = set(Service._base_manager.values_list("name", flat=True))
    assert names == {"쇼핑몰", beta_shop.name}


def test_given_draft_when_deleted_then_gone(call):
    call("POST", ADD, {"serviceId": "Desk", "name": "고객센터"})
    assert content(call("DELETE", f"{ADMIN}service/Desk.json")) == "SUCCESS"
    assert not Service._base_manager.exists()


def test_given_key_refreshed_then_only_the_new_one_signs(call, acme, shop):
    answered = content(call("PUT", f"{ADMIN}service/apikey/refresh.json?serviceId=shop"))
    assert answered == {"serviceId": "shop", "apiKey": service_named("shop").key}
    url = "/shop/openapi/v1/service.json"
    assert read(Caller(acme, shop.key)("GET", url))[0] == 400
    assert read(Caller(acme, answered["apiKey"])("GET", url))[0] == 200
    entry = AuditEntry._base_manager.get(action="services.key_changed")
    assert answered["apiKey"] not in str(entry.facts)


def test_given_services_when_listed_then_pages_without_keys_and_without_the_other_tenant(call, acme, shop, beta_shop):
    make_service(acme, "second")
    code, _, result = read(call("GET", LIST))
    assert code == 200
    assert [each["serviceId"] for each in result["contents"]] == ["shop", "second"]
    paging = {name: result[name] for name in ("total", "pages", "pageNum", "pageSize")}
    assert paging == {"total": 2, "pages": 1, "pageNum": 1, "pageSize": 100}
    assert "apiKey" not in result["contents"][0]
    assert shop.key not in str(result)


@pytest.mark.parametrize(
    ("query", "numbers", "shown"),
    [
        ("pageSize=2", (3, 2, 1, 2), 2),
        ("pageSize=2&page=2", (3, 2, 2, 2), 1),
        ("page=9", (3, 1, 9, 100), 0),
        ("page=0&pageSize=0", (3, 1, 1, 100), 3),
        ("pageSize=500", (3, 1, 1, 200), 3),
    ],
)
def test_given_paging_when_listed_then_moved_into_range_examples_28_29(call, acme, shop, query, numbers, shown):
    make_service(acme, "b")
    make_service(acme, "c")
    result = read(call("GET", f"{LIST}?{query}"))[2]
    assert tuple(result[name] for name in ("total", "pages", "pageNum", "pageSize")) == numbers
    assert len(result["contents"]) == shown


def test_given_page_that_is_no_number_when_listed_then_400_example_30(call):
    assert refusal(call("GET", f"{LIST}?page=abc")) == (400, "Bad Request", "Invalid parameter: page")


def test_given_no_services_when_listed_then_no_pages(call):
    assert read(call("GET", LIST))[2] == {"contents": [], "total": 0, "pages": 0, "pageNum": 1, "pageSize": 100}


# --- contracts ---------------------------------------------------------------------------------------------------


def test_given_contract_edited_by_api_when_edited_on_screen_and_again_then_9015_A61(call, shop, acme, owner):
    update = f"{ADMIN}billing/update/{shop.pk}.json"
    assert read(call("PUT", update, {"items": ["chat"]}))[0] == 200
    with organization_scope(acme.pk), pytest.raises(AlreadyChangedToday):
        change_contract_items(service_pk=shop.pk, items=["helpdoc"], actor=owner.user.as_actor())
    code, message, detail = refusal(call("PUT", update, {"items": ["helpdoc"]}))
    assert (code, detail) == (9015, "billing.setting.today.already.changed")
    assert message
    assert items_of(shop) == ["chat", "ticket"]
    assert read(call("PUT", update, {"items": ["chat"]}))[0] == 200  # no change is no edit


def test_given_contract_edited_on_screen_when_edited_by_api_then_9015_with_http_200(call, shop, acme, owner):
    with organization_scope(acme.pk):
        change_contract_items(service_pk=shop.pk, items=["helpdoc"], actor=owner.user.as_actor())
    response = call("PUT", f"{ADMIN}billing/update/{shop.pk}.json", {"items": []})
    assert response.status_code == 200
    assert refusal(response)[0] == 9015


@pytest.mark.django_db(transaction=True)
def test_given_two_edits_at_once_then_one_wins(acme, shop, owner):
    start, codes = threading.Barrier(2), []

    def run(item):
        start.wait()
        try:
            response = Caller(acme, acme.key)("PUT", f"{ADMIN}billing/update/{shop.pk}.json", {"items": [item]})
            codes.append(read(response)[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(item,)) for item in ("chat", "helpdoc")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 9015]


@pytest.mark.parametrize("items", [["nothing"], [1], {"a": 1}, ["ticketevaluation"]])
def test_given_items_not_offered_when_edited_then_400_and_unchanged(call, shop, items):
    response = call("PUT", f"{ADMIN}billing/update/{shop.pk}.json", {"items": items})
    assert refusal(response) == (400, "Bad Request", "Invalid parameter: items")
    assert items_of(shop) == ["ticket"]


def test_given_contract_registered_when_registered_again_then_refused(call, shop):
    assert refusal(call("POST", REGISTER, {"serviceId": "shop", "items": []}))[:2] == (400, "Bad Request")


def test_given_contracts_when_listed_then_only_own_and_contracted_ones(call, acme, shop, beta_shop):
    make_service(acme, "draft", state=ServiceState.CREATE, contracted_at=None)
    result = read(call("GET", CONTRACTS))[2]
    assert [each["serviceId"] for each in result["contents"]] == ["shop"]
    assert (result["total"], result["pageSize"]) == (1, 10)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "service/nowhere.json", 404),
        ("DELETE", "service/nowhere.json", 404),
        ("GET", "billing/service/nowhere.json", 404),
        ("PUT", "service/disable.json?serviceId=nowhere", 9005),
        ("PUT", "service/apikey/refresh.json?serviceId=nowhere", 9005),
        ("PUT", "service/enable.json", 400),
        ("POST", "billing/reg.json", 400),
    ],
)
def test_given_missing_service_when_named_then_404_in_the_path_and_9005_elsewhere(call, method, path, code):
    assert refusal(call(method, ADMIN + path))[0] == code


def test_given_service_or_contract_of_another_tenant_when_named_then_as_if_missing(call, beta_shop):
    for path in (f"service/{beta_shop.service_id}.json", f"billing/{beta_shop.pk}.json"):
        assert refusal(call("GET", ADMIN + path))[0] == 404
    assert refusal(call("PUT", f"{ADMIN}billing/update/{beta_shop.pk}.json", {"items": ["chat"]}))[0] == 404
    assert refusal(call("PUT", f"{ADMIN}service/disable.json?serviceId=shop"))[0] == 9005
    assert items_of(beta_shop) == ["ticket"]


# --- who acts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "who"), [(None, "owner"), ("Owner", "owner"), ("boss", "boss"), (" boss ", "boss")])
def test_given_oucode_when_called_then_that_member_is_on_record(call, acme, owner, code, who):
    boss = make_iam_member(acme, "boss", is_administrator=True)
    call("POST", ADD, {"serviceId": "Desk", "name": "고객센터"}, OUCODE=code)
    entry = AuditEntry._base_manager.get(action="services.service_added")
    assert entry.actor_id == {"owner": owner, "boss": boss}[who].user.pk


@pytest.mark.parametrize("code", ["plain", "nobody", "left", "stranger"])
def test_given_oucode_without_the_right_when_called_then_403_and_nothing_done(call, acme, beta, code):
    make_iam_member(acme, "plain")
    make_iam_member(acme, "left", is_administrator=True, status="leaved")
    make_iam_member(beta, "stranger", is_owner=True)
    response = call("POST", ADD, {"serviceId": "Desk", "name": "고객센터"}, OUCODE=code)
    assert refusal(response) == (403, "Access Denied", "OUCODE is not allowed")
    assert not Service._base_manager.exists()


def test_given_many_services_when_listed_then_the_queries_stay_the_same(
    call, acme, shop, django_assert_max_num_queries
):
    for name in "abcdefgh":
        make_service(acme, name)
    for path in (LIST, CONTRACTS):
        with django_assert_max_num_queries(7):
            assert read(call("GET", path))[0] == 200
