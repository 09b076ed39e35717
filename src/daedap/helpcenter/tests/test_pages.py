import pytest
from django.utils import timezone

from daedap.core.scoping import service_scope
from daedap.helpcenter.languages import html_tag, interface_language
from daedap.helpcenter.visitors import mask_email, mask_phone
from daedap.services.models import ServiceLanguage, ServiceState, ServiceType


def text_of(response):
    return response.content.decode()


@pytest.fixture
def three_languages(shop):
    with service_scope(shop.organization_id, shop.pk):
        for order, (code, name) in enumerate([("ja", "日本語"), ("en", "English")], start=1):
            ServiceLanguage.objects.create(
                organization_id=shop.organization_id, service=shop, code=code, name=name, order=order
            )


def test_given_visitor_when_main_page_is_opened_then_doors_only_for_what_exists(guest):
    response = guest.get("/shop/hc/")
    page = text_of(response)
    assert response.status_code == 200
    assert "쇼핑몰 고객센터" in page
    assert 'href="/shop/hc/ticket/"' in page
    assert "/hc/ticket/list/" not in page
    assert "공지사항" not in page
    assert '<html lang="ko"' in page


def test_given_integration_when_guest_opens_main_then_list_is_in_the_menu_and_no_log_out(integrate, guest):
    integrate()
    page = text_of(guest.get("/shop/hc/"))
    assert 'href="/shop/hc/ticket/list/"' in page
    assert "로그아웃" not in page


@pytest.mark.parametrize("path", ["/shop/hc", "/shop/hc/ticket", "/shop/hc/", "/shop/hc/ticket/", "/shop/hc/?x=1"])
def test_given_path_with_or_without_last_slash_when_opened_then_200_at_once(guest, path):
    assert guest.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/nothing/hc/", "/shop/hc/nothing/"])
def test_given_unknown_service_or_page_when_opened_then_404(guest, path):
    assert guest.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/shop/hc/nothing/", "/shop/hc/ticket/nothing", "/shop/hc/%0a", "/shop/hc/openapi.html"]
)
def test_given_unknown_page_when_opened_then_the_help_centre_says_so_in_the_visitors_language(
    guest, three_languages, path
):
    response = guest.get(path, headers={"accept-language": "en"})
    page = text_of(response)
    assert response.status_code == 404
    assert '<h1 class="d-empty-title">We could not find this page</h1>' in page
    assert 'href="/shop/hc/ticket/"' in page  # the help centre's own menu
    assert guest.post(path).status_code == 404


def test_given_paused_service_when_opened_then_its_page_speaks_the_visitors_language(guest, shop):
    type(shop)._base_manager.filter(pk=shop.pk).update(state=ServiceState.PAUSED)
    for headers, query, sentence in (
        ({}, "", "서비스가 중지되었습니다."),
        ({"accept-language": "en-GB,en;q=0.8"}, "", "This service has been suspended."),
        ({"accept-language": "en"}, "?language=ko", "서비스가 중지되었습니다."),
        ({"accept-language": "fr,xx;q=1"}, "", "서비스가 중지되었습니다."),
    ):
        response = guest.get(f"/shop/hc/{query}", headers=headers)
        assert response.status_code == 503
        assert sentence in text_of(response)
        language = "ko" if "서비스가" in sentence else "en"
        assert f'<html lang="{language}"' in text_of(response)
        assert response["Content-Language"] == language


@pytest.mark.parametrize(
    "facts",
    [
        {"type": ServiceType.ISSUE},
        {"state": ServiceState.STOPPED, "stopped_at": timezone.now()},
        {"state": ServiceState.CREATE},
    ],
)
def test_given_service_without_help_centre_when_opened_then_404_example_55(guest, shop, facts):
    type(shop)._base_manager.filter(pk=shop.pk).update(**facts)
    for path in ("/shop/hc/", "/shop/hc/ticket/", "/shop/hc/ticket/list/"):
        assert guest.get(path).status_code == 404


def test_given_member_when_signed_in_by_get_then_name_and_log_out_that_works(integrate, sign_in, member):
    integrate()
    client = sign_in(member)
    page = text_of(client.get("/shop/hc/"))
    assert "홍길동" in page
    assert "로그아웃" in page
    assert client.get("/shop/hc/logout").status_code == 405
    response = client.post("/shop/hc/logout")
    assert (response.status_code, response["Location"]) == (302, "/shop/hc/")
    assert "홍길동" not in text_of(client.get("/shop/hc/"))


def test_given_no_csrf_value_when_logging_out_then_403_and_still_member_example_58(
    integrate, sign_in, member, acme, client_of
):
    integrate()
    strict = client_of(acme, enforce_csrf_checks=True)
    strict.cookies.update(sign_in(member).cookies)
    assert strict.post("/shop/hc/logout").status_code == 403
    assert "홍길동" in text_of(strict.get("/shop/hc/"))


def test_given_member_of_post_type_or_in_the_app_when_opened_then_no_log_out(integrate, sign_in, member):
    integrate(login_type="post", login_url="https://shop.example/login")
    assert "로그아웃" not in text_of(sign_in(member, "post").get("/shop/hc/"))
    integrate()
    assert "로그아웃" not in text_of(sign_in(member).get("/shop/hc/?from=app"))


def test_given_name_with_markup_when_shown_then_text(integrate, sign_in, shop):
    from tests.factories import make_member

    integrate()
    page = text_of(sign_in(make_member(shop, "evil", username="<script>alert(1)</script>")).get("/shop/hc/ticket/"))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- Language ------------------------------------------------------------------------------------


def test_given_one_language_when_opened_then_no_choice_example_24(guest):
    assert "?language=" not in text_of(guest.get("/shop/hc/"))


def test_given_three_languages_when_opened_then_choice_in_display_order_example_24(guest, three_languages):
    page = text_of(guest.get("/shop/hc/ticket/"))
    positions = [page.index(f'href="/shop/hc/ticket/?language={code}"') for code in ("ko", "ja", "en")]
    assert positions == sorted(positions)
    assert page.index("한국어") < page.index("日本語") < page.index("English")


def test_given_language_parameter_when_known_then_kept_for_the_next_page_else_ignored_example_25(
    guest, three_languages
):
    assert '<html lang="ko"' in text_of(guest.get("/shop/hc/?language=xx"))
    assert '<html lang="en"' in text_of(guest.get("/shop/hc/?language=en"))
    page = text_of(guest.get("/shop/hc/ticket/"))
    assert '<html lang="en"' in page
    assert "Send enquiry" in page
    assert '<html lang="ja"' in text_of(guest.get("/shop/hc/?language=ja"))
    assert '<html lang="ja"' in text_of(guest.get("/shop/hc/ticket/"))
    assert "문의 보내기" in text_of(guest.get("/shop/hc/ticket/"))


@pytest.mark.parametrize(
    ("asked", "got"),
    [("en-GB,en;q=0.9,ko;q=0.5", "en"), ("fr,ja;q=0.8,en;q=0.9", "en"), ("fr", "ko"), ("", "ko"), ("ja-JP", "ja")],
)
def test_given_browser_language_when_opened_then_best_match(guest, three_languages, asked, got):
    response = guest.get("/shop/hc/", headers={"accept-language": asked})
    assert f'<html lang="{got}"' in text_of(response)
    assert response["Content-Language"] == got


@pytest.mark.parametrize(
    ("code", "tag"), [("zh_TW", "zh-TW"), ("pt_BR", "pt-BR"), ("es_LA", "es-419"), ("sr_LN", "sr-Latn"), ("ko", "ko")]
)
def test_given_code_when_written_in_html_then_with_hyphens(code, tag):
    assert html_tag(code) == tag


@pytest.mark.parametrize(
    ("code", "default", "got"), [("ja", "ko", "ko"), ("ja", "en", "en"), ("ja", "th", "en"), ("en", "ko", "en")]
)
def test_given_language_without_interface_when_shown_then_the_default_or_english(code, default, got):
    assert interface_language(code, default) == got


def test_given_arabic_when_chosen_then_right_to_left_example_26(guest, shop):
    with service_scope(shop.organization_id, shop.pk):
        ServiceLanguage.objects.create(
            organization_id=shop.organization_id, service=shop, code="ar", name="العربية", order=1
        )
    assert '<html lang="ar" dir="rtl"' in text_of(guest.get("/shop/hc/?language=ar"))


# --- Masks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "shown"),
    [("abcdef@example.com", "ab***@example.com"), ("ab@x.kr", "a***@x.kr"), ("a@x.kr", "a***@x.kr"), ("", "")],
)
def test_given_address_when_masked_then_two_letters_and_the_domain(email, shown):
    assert mask_email(email) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("01012345678", "010-****-5678"), ("010-1234-5678", "010-****-5678"), ("+82 10-1234-5678", "+82-****-5678"),
     ("1234567", "****67"), ("", "")],
)  # fmt: skip
def test_given_number_when_masked_then_its_ends(phone, shown):
    assert mask_phone(phone) == shown
