import hashlib
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from daedap.core.scoping import service_scope
from daedap.files.models import StoredFile
from daedap.files.tests.samples import HTML, upload
from daedap.helpcenter.consent import consent_text
from daedap.services.models import ServiceLanguage
from daedap.tickets.actions import store_addition
from daedap.tickets.models import Attachment, Category, CategoryName, Source
from tests.factories import make_category, make_member

FORM = "/shop/hc/ticket/"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
PC = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


@pytest.fixture
def files(shop):
    def read():
        with service_scope(shop.organization_id, shop.pk):
            return list(StoredFile.objects.order_by("pk"))

    return read


def text_of(response):
    return response.content.decode()


def test_given_guest_when_enquiry_is_sent_then_ticket_and_confirmation(guest, filled, tickets, files, offered):
    # given
    guest.get(FORM)
    # when
    response = guest.post(FORM, filled(files=[upload("사진.png"), upload("영수증.pdf")]), HTTP_USER_AGENT=PC)
    # then
    [ticket] = tickets()
    assert (ticket.subject, ticket.status, ticket.source, ticket.language) == ("배송이 안 왔어요", "new", "web", "ko")
    assert ticket.content == "어제 주문했습니다.\n언제 오나요?"
    assert (ticket.customer_name, ticket.customer_email) == ("김손님", "guest@example.com")
    assert ticket.customer_phone == "010-9876-5432"
    assert ticket.member is None
    assert ticket.category == offered
    assert ticket.consent_at is not None
    assert ticket.consent_text_hash == hashlib.sha256(consent_text().encode()).hexdigest()
    with service_scope(ticket.organization_id, ticket.service_id):
        assert list(Attachment.objects.order_by("pk").values_list("file__name", flat=True)) == [
            "사진.png",
            "영수증.pdf",
        ]
    assert all(file.bound_at for file in files())
    assert response.status_code == 302
    done = guest.get(response["Location"])
    assert done.status_code == 200
    assert done["Cache-Control"] == "no-store"
    assert ticket.ticket_id in text_of(done)
    assert "답변은 이메일로 보내 드립니다." in text_of(done)
    assert "/shop/hc/ticket/list/" not in text_of(done)


def test_given_receipt_of_other_service_or_made_up_when_opened_then_404(guest, filled, beta, beta_shop, client_of):
    address = guest.post(FORM, filled())["Location"]
    assert guest.get(address).status_code == 200
    assert client_of(beta).get(address).status_code == 404
    assert guest.get("/shop/hc/ticket/done/T1658000000000abcde/").status_code == 404


def test_given_mobile_browser_and_pc_when_sent_then_channels_example_33(guest, filled, tickets):
    guest.post(FORM, filled(form_id="a" * 32), HTTP_USER_AGENT=PHONE)
    guest.post(FORM, filled(form_id="b" * 32), HTTP_USER_AGENT=PC)
    assert [ticket.source for ticket in tickets()] == [Source.MOBILE_WEB, Source.WEB]


def test_given_double_click_when_sent_twice_then_one_ticket_and_the_same_confirmation_example_34(
    guest, filled, tickets
):
    guest.get(FORM)
    first = guest.post(FORM, filled(files=[upload("사진.png")]))
    second = guest.post(FORM, filled(files=[upload("사진.png")]))
    [ticket] = tickets()
    assert (first.status_code, second.status_code) == (302, 302)
    assert ticket.ticket_id in text_of(guest.get(second["Location"]))


def test_given_each_opened_form_when_compared_then_its_id_is_its_own(guest):
    ids = [re.search(r'name="form_id" value="([0-9a-f]{32})"', text_of(guest.get(FORM)))[1] for _ in range(2)]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"email": ""}, "이메일을 입력해 주세요."),
        ({"email": "nonsense"}, "name@example.com"),
        ({"email": "gu***@example.com"}, "name@example.com"),
        ({"email": '"a\x0bb"@example.com'}, "name@example.com"),
        ({"phone": "전화"}, "전화번호 전체를 입력해 주세요"),
        ({"phone": "010-****-5432"}, "전화번호 전체를 입력해 주세요"),
        ({"subject": "   "}, "제목을 입력해 주세요."),
        ({"subject": "가" * 201}, "200자까지 입력할 수 있습니다. (현재 201자)"),
        ({"content": ""}, "문의내용을 입력해 주세요."),
        ({"content": "가" * 5001}, "5000자까지 입력할 수 있습니다. (현재 5001자)"),
        ({"name": "가" * 101}, "100자까지 입력할 수 있습니다. (현재 101자)"),
        ({"category": ""}, "접수유형을 선택해 주세요."),
        ({"category": "999999"}, "접수유형을 선택해 주세요."),
        ({"personal_agree": None}, "개인정보 수집 및 활용에 동의해 주세요."),
    ],
)
def test_given_one_wrong_field_when_sent_then_422_sentence_values_kept_and_no_ticket_example_29_39(
    guest, filled, tickets, facts, sentence
):
    response = guest.post(FORM, filled(**facts))
    assert response.status_code == 422
    assert sentence in text_of(response)
    if "subject" not in facts:
        assert "배송이 안 왔어요" in text_of(response)
    assert tickets() == []


def test_given_lengths_at_the_limit_when_sent_then_accepted_line_ends_count_once(guest, filled, tickets):
    response = guest.post(FORM, filled(subject="가" * 200, content="가\r\n" * 2499 + "가나"))
    assert response.status_code == 302
    assert len(tickets()[0].content) == 5000


def test_given_no_consent_when_sent_with_files_then_uploads_are_kept_and_go_with_the_next_try_example_29(
    guest, filled, tickets, files
):
    # given
    guest.get(FORM)
    refused = guest.post(FORM, filled(personal_agree=None, files=[upload("사진.png"), upload("영수증.pdf")]))
    assert refused.status_code == 422
    kept = re.findall(r'name="file_ids" value="([0-9a-f]{32})" checked', text_of(refused))
    assert kept == [file.public_id for file in files()]
    # when: one of them is unticked
    guest.post(FORM, filled(file_ids=[kept[1]]))
    # then
    [ticket] = tickets()
    with service_scope(ticket.organization_id, ticket.service_id):
        assert [attachment.file.public_id for attachment in Attachment.objects.all()] == [kept[1]]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (lambda: SimpleUploadedFile("a.txt", b"a" * 10_485_761), "a.txt: 10MB 이하의 파일만 첨부할 수 있습니다."),
        (lambda: upload("가" * 97 + ".png"), "파일명 최대 길이 초과.(100)"),
        (lambda: SimpleUploadedFile("a.exe", b"MZ"), "a.exe: 해당 파일 격식은 첨부할 수 없습니다."),
        (lambda: SimpleUploadedFile("photo.JPG", HTML), "photo.JPG: 해당 파일 격식은 첨부할 수 없습니다."),
    ],
    ids=["large", "name", "exe", "lying"],
)
def test_given_refused_file_when_sent_then_stated_text_others_kept_and_no_ticket_example_30_31(
    guest, filled, tickets, files, bad, sentence
):
    guest.get(FORM)
    response = guest.post(FORM, filled(files=[upload("사진.png"), bad()]))
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert [file.name for file in files()] == ["사진.png"]
    assert files()[0].public_id in text_of(response)
    assert tickets() == []


def test_given_six_files_when_sent_then_the_sixth_is_refused_and_five_are_kept_example_30(
    guest, filled, tickets, files
):
    guest.get(FORM)
    response = guest.post(FORM, filled(files=[upload(f"{number}.png") for number in range(6)]))
    assert response.status_code == 422
    assert "최대 5개" in text_of(response) or "5개까지" in text_of(response)
    assert [file.name for file in files()] == [f"{number}.png" for number in range(5)]
    assert tickets() == []


def test_given_upload_of_another_browser_when_named_then_refused_and_untouched(
    guest, acme, filled, tickets, files, client_of
):
    # given
    other = client_of(acme)
    other.get(FORM)
    theirs = other.post(f"{FORM}files/", {"file": upload("사진.png")}).json()["id"]
    guest.get(FORM)
    # when
    response = guest.post(FORM, filled(file_ids=[theirs]))
    # then
    assert response.status_code == 422
    assert tickets() == []
    assert files()[0].bound_at is None


def test_given_script_when_file_is_uploaded_before_then_id_that_the_form_can_name(guest, filled, tickets, files):
    guest.get(FORM)
    answer = guest.post("/shop/hc/ticket/files/", {"file": upload("사진.png")})
    assert answer.status_code == 201
    assert answer.json() == {"id": files()[0].public_id, "name": "사진.png", "size": files()[0].size}
    assert guest.post(FORM, filled(file_ids=[answer.json()["id"]])).status_code == 302
    assert files()[0].bound_at is not None


def test_given_script_when_file_is_refused_then_422_with_the_sentence(guest, files):
    guest.get(FORM)
    answer = guest.post("/shop/hc/ticket/files/", {"file": SimpleUploadedFile("photo.JPG", HTML)})
    assert (answer.status_code, answer.json()) == (422, {"message": "해당 파일 격식은 첨부할 수 없습니다."})
    assert guest.post("/shop/hc/ticket/files/").status_code == 422
    assert files() == []


def test_given_browser_that_opened_no_form_when_it_uploads_then_told_so_and_nothing_kept(guest, files):
    answer = guest.post("/shop/hc/ticket/files/", {"file": upload("사진.png")})
    assert answer.status_code == 422
    assert answer.json() == {"message": "문의하기를 다시 열고 파일을 다시 첨부해 주세요."}
    assert files() == []


def test_given_no_csrf_value_when_posted_then_403_and_no_ticket(acme, shop, client_of, filled, tickets):
    client = client_of(acme, enforce_csrf_checks=True)
    client.get(FORM)
    response = client.post(FORM, filled(content="<b>어제 주문했습니다.</b>"))
    assert response.status_code == 403
    assert tickets() == []
    page = text_of(response)  # the help centre's own, with what was written and the way back to the form
    assert "페이지를 오래 열어 두어 전송되지 않았습니다." in page
    assert "\n&lt;b&gt;어제 주문했습니다.&lt;/b&gt;</textarea>" in page
    assert f'<a class="btn btn-primary" href="{FORM}"' in page
    assert response["Cache-Control"].count("no-store") == 1


def test_given_no_csrf_value_when_a_script_uploads_then_the_sentence_and_nothing_kept(acme, shop, client_of, files):
    client = client_of(acme, enforce_csrf_checks=True)
    client.get(FORM)
    sent = {"file": upload("사진.png")}
    answer = client.post("/shop/hc/ticket/files/", sent, headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json()["message"].startswith("페이지를 오래 열어 두어 전송되지 않았습니다. 페이지를 다시 열어")
    assert files() == []


def test_given_21_enquiries_of_guests_from_one_address_when_sent_then_the_last_is_held_back_calmly(
    guest, filled, tickets
):
    for number in range(20):
        assert guest.post(FORM, filled(form_id=f"{number:032x}")).status_code == 302
    response = guest.post(FORM, filled(form_id="f" * 32))
    assert response.status_code == 429
    assert "문의 횟수가 상한을 초과했습니다. 잠시 후 문의하십시오." in text_of(response)
    assert "배송이 안 왔어요" in text_of(response)
    assert len(tickets()) == 20


# --- Categories ----------------------------------------------------------------------------------


def test_given_a_over_disabled_b_over_c_when_form_is_opened_then_only_a_example_27(
    guest, shop, offered, filled, tickets
):
    with service_scope(shop.organization_id, shop.pk):
        CategoryName.objects.update(name="가입")
    hidden = make_category(shop, "숨김", parent=offered, level=2, is_offered=False)
    below = make_category(shop, "아래", parent=hidden, level=3)
    page = text_of(guest.get(FORM))
    assert "가입" in page
    assert "숨김" not in page
    assert "아래" not in page
    assert guest.post(FORM, filled(category=str(below.pk))).status_code == 422
    assert tickets() == []


def test_given_levels_when_form_is_opened_then_only_the_deepest_offered_can_be_chosen(guest, shop, offered, filled):
    deep = make_category(shop, "환불", parent=offered, level=2)
    make_category(shop, "결제", order=9)
    page = text_of(guest.get(FORM))
    assert "일반 문의 &gt; 환불" in page
    assert "선택해 주세요" in page
    assert f'value="{offered.pk}"' not in page
    assert guest.post(FORM, filled()).status_code == 422
    assert guest.post(FORM, filled(category=str(deep.pk))).status_code == 302


def test_given_one_category_when_form_is_opened_then_it_is_chosen(guest, offered):
    page = text_of(guest.get(FORM))
    assert f'<option value="{offered.pk}" selected>' in page
    assert "선택해 주세요" not in page


def test_given_no_category_offered_when_form_is_opened_then_notice_and_no_form(guest, shop, filled, tickets):
    with service_scope(shop.organization_id, shop.pk):
        Category.objects.update(is_offered=False)
    page = text_of(guest.get(FORM))
    assert "지금은 문의를 접수할 수 없습니다." in page
    assert "<textarea" not in page
    assert guest.post(FORM, filled()).status_code == 422
    assert tickets() == []


# --- Members -------------------------------------------------------------------------------------


def test_given_member_when_form_is_opened_then_prefilled_and_contact_only_masked(integrate, sign_in, member):
    integrate()
    response = sign_in(member).get(FORM)
    page = text_of(response)
    assert 'value="홍길동"' in page
    assert 'value="gi***@example.com"' in page
    assert 'value="010-****-5678"' in page
    assert "gildong" not in page
    assert "12345678" not in page
    assert " checked" not in page
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"


def test_given_member_when_masked_values_stay_then_stored_ones_and_usercode_by_the_server_example_32(
    integrate, sign_in, member, filled, tickets
):
    integrate()
    sent = filled(email="gi***@example.com", phone="010-****-5678", usercode="someone-else", member="999")
    assert sign_in(member).post(FORM, sent).status_code == 302
    [ticket] = tickets()
    assert ticket.member == member
    assert (ticket.customer_email, ticket.customer_phone) == ("gildong@example.com", "01012345678")


def test_given_member_when_values_are_changed_then_for_this_enquiry_only(integrate, sign_in, member, filled, tickets):
    integrate()
    sign_in(member).post(FORM, filled(email="other@example.com", phone="", name="길동"))
    [ticket] = tickets()
    assert (ticket.customer_email, ticket.customer_phone, ticket.customer_name) == ("other@example.com", "", "길동")
    member.refresh_from_db()
    assert member.email == "gildong@example.com"


def test_given_member_when_email_is_empty_then_accepted_example_39(integrate, sign_in, member, filled, tickets):
    integrate()
    assert sign_in(member).post(FORM, filled(email="")).status_code == 302
    assert tickets()[0].customer_email == ""


def writer_on(page: str) -> str:
    return re.search(r'name="writer" value="([0-9a-f]*)"', page)[1]


def test_given_a_form_of_a_member_when_sent_after_the_session_ended_then_told_so_and_kept_and_sent_as_guest_next(
    integrate, sign_in, member, guest, filled, tickets
):
    integrate()
    writer = writer_on(text_of(sign_in(member).get(FORM)))
    assert len(writer) == 32
    sent = filled(writer=writer, email="gi***@example.com", phone="010-****-5678", content="한 시간 동안 쓴 글")
    response = guest.post(FORM, sent)
    page = text_of(response)
    assert (response.status_code, tickets()) == (422, [])
    assert "로그아웃되어 문의를 보내지 못했습니다." in page
    assert "한 시간 동안 쓴 글" in page
    assert "***" not in page.partition("<form class")[2]
    assert writer_on(page) == ""
    assert guest.post(FORM, filled(writer="", content="한 시간 동안 쓴 글")).status_code == 302
    assert tickets()[0].member is None


def test_given_a_form_of_a_member_when_another_is_signed_in_by_now_then_not_in_their_name_unasked(
    integrate, sign_in, member, shop, filled, tickets
):
    integrate()
    kim = make_member(shop, "kim", username="김영희", email="kim@example.com", phone="01033334444")
    browser, form = sign_in(kim), sign_in(member).get(FORM)
    sent = filled(writer=writer_on(text_of(form)), name="홍길동", email="", phone="")
    response = browser.post(FORM, sent)
    page = text_of(response)
    assert (response.status_code, tickets()) == (422, [])
    assert "지금은 김영희 님으로 로그인되어 있습니다." in page
    assert 'value="김영희"' in page
    assert 'value="ki***@example.com"' in page
    assert "홍길동" not in page
    assert browser.post(FORM, filled(writer=writer_on(page), email="ki***@example.com")).status_code == 302
    [ticket] = tickets()
    assert (ticket.member, ticket.customer_email) == (kim, "kim@example.com")


def test_given_a_form_of_a_guest_when_signed_in_by_now_then_sent_as_the_member(
    integrate, sign_in, member, guest, filled, tickets
):
    integrate()
    assert writer_on(text_of(guest.get(FORM))) == ""
    assert sign_in(member).post(FORM, filled(writer="")).status_code == 302
    assert tickets()[0].member == member


@pytest.mark.parametrize(("email", "is_told"), [("gi***@example.com", True), ("", False)])
def test_given_member_when_sent_with_or_without_email_then_told_of_a_mail_only_if_one_comes(
    integrate, sign_in, member, filled, email, is_told
):
    integrate()
    client = sign_in(member)
    page = text_of(client.get(client.post(FORM, filled(email=email))["Location"]))
    assert ("답변은 이메일로 보내 드립니다." in page) == is_told


def test_given_member_when_sent_then_confirmation_leads_to_the_list(integrate, sign_in, member, filled):
    integrate()
    client = sign_in(member)
    page = text_of(client.get(client.post(FORM, filled())["Location"]))
    assert 'href="/shop/hc/ticket/list/"' in page


# --- Who may (spec 20, section 9) ----------------------------------------------------------------


def test_given_get_type_and_guests_refused_when_guest_comes_then_notice_and_403_on_direct_submit(
    integrate, guest, filled, tickets, files
):
    integrate(guest_enquiries=False)
    page = guest.get(FORM)
    assert page.status_code == 200
    assert "로그인한 회원만 문의할 수 있습니다." in text_of(page)
    assert "앱에서 다시 접속해 주세요." in text_of(page)
    assert "<textarea" not in text_of(page)
    assert guest.post(FORM, filled(files=[upload("사진.png")])).status_code == 403
    assert guest.post(f"{FORM}files/", {"file": upload("사진.png")}).status_code == 403
    assert tickets() == []
    assert files() == []


def test_given_post_type_when_guest_comes_then_form_with_log_in_or_the_login_page_examples_47_and_48(integrate, guest):
    integrate(login_type="post", login_url="https://shop.example/login")
    page = text_of(guest.get(FORM))
    assert "<textarea" in page
    assert 'href="/shop/hc/login/?next=%2Fshop%2Fhc%2Fticket%2F&amp;anew=1"' in page
    integrate(login_type="post", login_url="https://shop.example/login", guest_enquiries=False)
    response = guest.get(FORM)
    assert response.status_code == 302
    assert response["Location"].startswith("https://shop.example/login?returnUrl=http%3A%2F%2Facme.oc.localhost")
    integrate(login_type="post", login_url="", guest_enquiries=False)
    assert guest.get(FORM).status_code == 200


def test_given_integration_disabled_when_old_session_comes_then_guest_form_and_no_list(
    integrate, sign_in, member, filled, tickets
):
    integrate(enabled=False)
    client = sign_in(member)
    page = text_of(client.get(FORM))
    assert "홍길동" not in page
    assert "/hc/ticket/list/" not in page
    client.post(FORM, filled())
    assert tickets()[0].member is None


# --- Additional data (spec 30, 8.6) --------------------------------------------------------------


@pytest.mark.parametrize("is_visible", [True, False])
def test_given_additional_data_when_sent_then_with_the_ticket_and_shown_as_was_said_example_35(
    integrate, sign_in, member, shop, filled, acme, agent, client_of, tickets, is_visible
):
    # given
    integrate()
    me = sign_in(member)
    with service_scope(shop.organization_id, shop.pk):
        addition_id = store_addition(service=shop, content="등급: <b>VIP</b>\n주문 3건", is_visible=is_visible)
    shown = "등급: &lt;b&gt;VIP&lt;/b&gt;\n주문 3건"
    # when
    form = text_of(me.get(f"{FORM}?additionId={addition_id}"))
    refused = text_of(me.post(FORM, filled(addition_id=addition_id, subject="")))
    me.post(FORM, filled(addition_id=addition_id))
    # then
    [ticket] = tickets()
    detail = text_of(me.get(f"{FORM}list/{ticket.ticket_id}/"))
    for page in (form, refused, detail):
        assert (shown in page) is is_visible
        assert "<b>VIP" not in page
    assert f'name="addition_id" value="{addition_id}"' in form
    assert shown in client_of(acme, agent).get(f"/shop/tickets/{ticket.ticket_id}/").content.decode()
    assert shown not in text_of(me.get(f"{FORM}?additionId={addition_id}"))
    me.post(FORM, filled(addition_id=addition_id, form_id="0" * 32))
    second = tickets()[1]
    assert "VIP" not in client_of(acme, agent).get(f"/shop/tickets/{second.ticket_id}/").content.decode()


@pytest.mark.parametrize("addition_id", ["", "x" * 5000, "\0", "<script>", "0" * 32, "A" * 32])
def test_given_additional_data_that_are_unknown_when_opened_and_sent_then_ignored(guest, filled, tickets, addition_id):
    assert guest.get(FORM, {"additionId": addition_id}).status_code == 200
    assert guest.post(FORM, filled(addition_id=addition_id)).status_code == 302
    assert len(tickets()) == 1


# --- Categories and consent ----------------------------------------------------------------------


def test_given_five_levels_when_form_is_opened_then_each_leaf_with_its_whole_path_and_consent_last_example_28(
    guest, shop, offered, filled, tickets
):
    parent = offered
    for level in range(2, 6):
        parent = make_category(shop, f"단계{level}", parent=parent, level=level)
    sibling = make_category(shop, "단계2b", parent=offered, level=2)
    page = text_of(guest.get(FORM))
    assert "일반 문의 &gt; 단계2 &gt; 단계3 &gt; 단계4 &gt; 단계5" in page
    assert "일반 문의 &gt; 단계2b" in page
    assert page.count("<option") == 3
    names = re.findall(r'name="(category|name|phone|email|subject|content|files|personal_agree)"', page)
    assert (names[0], names[-1]) == ("category", "personal_agree")
    sent = filled(category=str(parent.pk), personal_agree=None)
    kept = text_of(guest.post(FORM, sent))
    assert f'<option value="{parent.pk}" selected>' in kept
    assert 'value="배송이 안 왔어요"' in kept
    for wrong in (offered.pk, 10**9, "", "x"):
        assert guest.post(FORM, filled(category=str(wrong))).status_code == 422
    assert guest.post(FORM, filled(category=str(sibling.pk))).status_code == 302
    assert tickets()[0].category == sibling


@pytest.mark.parametrize("wanted", ["", "x", "0", "999999999999999999999", "<script>"])
def test_given_category_in_the_address_that_is_none_when_opened_then_nothing_is_chosen_for_the_visitor(
    guest, shop, wanted
):
    make_category(shop, "환불")
    page = text_of(guest.get(FORM, {"category": wanted}))
    assert "selected" not in page or '<option value="" selected>' in page


@pytest.mark.parametrize(("language", "shown"), [("ko", "ko"), ("en", "en"), ("th", "ko")])
def test_given_consent_when_sent_then_time_language_and_hash_of_the_shown_text(
    guest, shop, filled, tickets, language, shown
):
    with service_scope(shop.organization_id, shop.pk):
        for code in ("en", "th"):
            ServiceLanguage.objects.create(organization_id=shop.organization_id, service=shop, code=code, name=code)
    guest.post(f"{FORM}?language={language}", filled())
    [ticket] = tickets()
    with translation.override(shown):
        assert ticket.consent_text_hash == hashlib.sha256(consent_text().encode()).hexdigest()
    assert (ticket.language, ticket.consent_language) == (language, shown)
    assert ticket.consent_at == ticket.created_at
