import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from daedap.audit.models import AuditEntry
from daedap.core.scoping import organization_scope, service_scope
from daedap.files.models import StoredFile
from daedap.files.tests import clamd
from daedap.files.tests.samples import GENUINE
from daedap.services import languages
from daedap.services.forms_basics import Languages
from daedap.services.models import EditorType, Service, ServiceLanguage, ServiceState
from tests.factories import make_agent, make_service

ADD, EDIT, BANNER = "/admin/services/add/", "/admin/services/shop/basics/", "/admin/services/shop/banner/"
GOOD = {
    "name": "쇼핑몰",
    "languages": ["ko", "ja"],
    "language_names": ["한국어", "일본어"],
    "default_language": "ko",
    "time_zone": "Asia/Seoul",
    "editor_type": "html",
}


def text(response):
    return response.content.decode()


def rows(service):
    with service_scope(service.organization_id, service.pk):
        return [(row.code, row.name) for row in ServiceLanguage.objects.all()]


def fresh(service):
    return Service._base_manager.select_related("banner").get(pk=service.pk)


def picture(name="banner.png", content=None):
    return SimpleUploadedFile(name, GENUINE["png"] if content is None else content)


@pytest.fixture
def client(acme, owner, client_of):
    return client_of(acme, owner)


# --- Languages ---------------------------------------------------------------------------------------------------


def test_given_list_of_languages_when_read_then_203_codes_the_first_22_as_printed():
    codes = languages.list_codes()
    assert len(codes) == len(set(codes)) == 203
    assert codes[:8] == ("ko", "ja", "en", "zh", "zh_TW", "yue", "th", "vi")
    assert {code for code in codes if "_" in code} == {"zh_TW", "es_LA", "pt_BR", "sr_ME", "sr_LN"}
    assert list(codes[22:]) == sorted(codes[22:])
    assert all(re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", code) for code in codes)


@pytest.mark.parametrize("typed", ["ja", "JA", "일본어", " 일본어 (ja) ", "일본어(ja)"])
def test_given_code_name_or_label_when_looked_up_then_found(typed):
    assert languages.find_code(typed, "ko") == "ja"


@pytest.mark.parametrize("typed", ["", "xx_LONG", "k0", "클링온어", "(ja", "<script>"])
def test_given_unknown_language_when_looked_up_then_none_A58(typed):
    assert languages.find_code(typed, "ko") == ""


def test_given_languages_when_buttons_pressed_then_list_changes_and_default_stays():
    given = Languages({"ko": "한국어", "ja": "日本語"}, "ko")
    assert list(given.after("add", typed="영어").rows) == ["ko", "ja", "en"]
    assert list(given.after("up:ja", typed="").rows) == ["ja", "ko"]
    assert list(given.after("down:ja", typed="").rows) == ["ko", "ja"]
    assert list(given.after("remove:ja", typed="").rows) == ["ko"]
    assert given.after("remove:ko", typed="") == given  # the default cannot be removed
    assert given.after("default:ja", typed="").default == "ja"
    assert given.after("default:xx", typed="") == given
    assert given.after("add", typed="ja").error
    assert given.after("add", typed="xx").error


def test_given_button_pressed_without_javascript_when_answered_then_typed_values_stay_and_nothing_is_stored(
    client, acme
):
    typed = GOOD | {"type": "1", "service_id": "shop", "name": "", "op": "add", "new_language": "태국어"}
    page = text(client.post(ADD, typed))
    assert 'value="th"' in page
    assert "d-error" not in page  # not judged yet
    assert 'value="shop"' in page
    with organization_scope(acme.pk):
        assert not Service.objects.exists()


def test_given_new_default_when_chosen_with_htmx_then_zone_proposed_anew(client, shop):
    answer = text(client.post(EDIT, GOOD | {"op": "default:ja"}, headers={"hx-request": "true"}))
    assert 'id="zone" hx-swap-oob="true"' in answer
    assert '<option value="Asia/Tokyo" selected>' in answer
    assert "<html" not in answer


@pytest.mark.parametrize(
    "facts",
    [
        {"languages": ["ko", "xx_LONG"]},  # A58
        {"languages": ["ko", "k0"]},  # A58
        {"languages": []},
        {"default_language": "en"},
        {"language_names": ["가" * 51, ""]},
        {"name": ""},
        {"name": "기존"},
        {"time_zone": "Mars/Olympus"},
        {"editor_type": "word"},
    ],
)
def test_given_bad_fact_when_edited_then_said_and_nothing_changed_A58(client, acme, shop, facts):
    make_service(acme, "other", name="기존")
    before = (vars(fresh(shop)) | {"_state": None}, rows(shop), AuditEntry._base_manager.count())
    response = client.post(EDIT, GOOD | facts)
    assert response.status_code == 422
    assert "d-error" in text(response) or "d-alert" in text(response)
    assert (vars(fresh(shop)) | {"_state": None}, rows(shop), AuditEntry._base_manager.count()) == before


def test_given_edit_when_saved_then_all_changed_and_id_stays(client, shop):
    facts = {
        "name": "새 이름",
        "languages": ["ja", "ko", "zh_TW"],
        "language_names": ["일본어", "", "대만"],
        "default_language": "ja",
        "time_zone": "",
        "editor_type": "text",
        "service_id": "hacked",
        "type": "2",
    }
    assert client.post(EDIT, facts).url == "/admin/services/"
    service = fresh(shop)
    assert (service.name, service.service_id, service.type) == ("새 이름", shop.service_id, shop.type)
    assert (service.default_language, service.time_zone) == ("ja", "Asia/Tokyo")
    assert service.editor_type == EditorType.TEXT
    assert rows(shop) == [("ja", "일본어"), ("ko", "한국어"), ("zh_TW", "대만")]


def test_given_two_languages_when_help_centre_opened_then_drop_down_and_one_has_none_A57(client, acme, shop, client_of):
    client.post(EDIT, GOOD)
    assert "일본어" in text(client_of(acme).get("/shop/hc/"))
    client.post(EDIT, GOOD | {"languages": ["ko"], "language_names": ["한국어"]})
    assert "일본어" not in text(client_of(acme).get("/shop/hc/"))


def test_given_service_of_other_organization_when_edited_then_404_A82(client, beta, beta_shop):
    make_service(beta, "theirs")
    assert client.post("/admin/services/theirs/basics/", GOOD).status_code == 404


# --- Banner ------------------------------------------------------------------------------------------------------


def test_given_picture_when_uploaded_then_on_the_tab_and_served_harmlessly(client, acme, shop, client_of):
    assert client.post(BANNER, {"op": "upload", "banner": picture()}).status_code == 302
    address = f"/shop/banner/{fresh(shop).banner.public_id}"
    assert f'<img src="{address}"' in text(client_of(acme, make_agent(shop)).get("/shop/tickets/"))
    served = client_of(acme).get(address)
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in served["Content-Security-Policy"]
    assert b"".join(served.streaming_content) == GENUINE["png"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("banner.svg", b"<svg onload=alert(1)>"),
        ("banner.png", b"<html><script>alert(1)</script>"),
        ("banner.pdf", b"%PDF-1.4"),
        ("banner.png", GENUINE["png"] + b"0" * (2 * 1024 * 1024)),
        ("banner.png", b""),
        ("banner.bmp", b"BM"),
    ],
)
def test_given_something_else_when_uploaded_then_said_and_nothing_kept(client, acme, shop, name, content):
    response = client.post(BANNER, {"op": "upload", "banner": picture(name, content)})
    assert response.status_code == 422
    assert "d-error" in text(response)
    assert fresh(shop).banner is None
    with organization_scope(acme.pk):
        assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("habit", "words"), [("honest", "바이러스가 발견되어"), ("nothing", "잠시 후 다시 시도해 주세요")]
)
def test_given_a_virus_or_no_scan_when_uploaded_then_said_and_nothing_kept(client, acme, shop, settings, habit, words):
    with clamd.running() as scanner:
        settings.VIRUS_SCANNER, scanner.habit = scanner.address, habit
        response = client.post(BANNER, {"op": "upload", "banner": picture("banner.png", GENUINE["png"] + clamd.EICAR)})
    assert response.status_code == 422
    assert words in response.text
    assert fresh(shop).banner is None
    assert not StoredFile._base_manager.exists()


def test_given_banner_when_second_uploaded_then_refused_until_the_first_is_removed(client, acme, shop):
    client.post(BANNER, {"op": "upload", "banner": picture()})
    first = fresh(shop).banner
    assert client.post(BANNER, {"op": "upload", "banner": picture("b.png")}).status_code == 422
    assert fresh(shop).banner == first
    assert client.post(BANNER, {"op": "remove"}).status_code == 302
    assert fresh(shop).banner is None
    assert client.get(f"/shop/banner/{first.public_id}").status_code == 404
    assert client.post(BANNER, {"op": "upload", "banner": picture("b.png")}).status_code == 302


def test_given_bad_banner_when_service_added_then_nothing_is_stored(client, acme):
    facts = GOOD | {"type": "1", "service_id": "shop", "banner": picture("a.png", b"no picture")}
    assert client.post(ADD, facts).status_code == 422
    with organization_scope(acme.pk):
        assert not Service.objects.exists()


def test_given_file_of_an_enquiry_when_asked_as_banner_then_404(client, acme, shop):
    with organization_scope(acme.pk):
        file = StoredFile.objects.create(
            public_id="b" * 32, organization_id=acme.pk, service_id=shop.pk, name="a", size=1, path="x"
        )
    assert client.get(f"/shop/banner/{file.public_id}").status_code == 404


def test_given_suspended_service_when_edited_then_refused_and_unchanged(client, acme, shop):
    with organization_scope(acme.pk):
        Service.objects.update(state=ServiceState.PAUSED)
    assert client.get(EDIT).status_code == 200
    assert client.post(EDIT, GOOD | {"name": "다른 이름"}).status_code in (409, 422)
    assert client.post(BANNER, {"op": "remove"}).status_code == 409
    assert fresh(shop).name == shop.name
