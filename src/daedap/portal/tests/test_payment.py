import re

import pytest

from daedap.accounts.hashing import TooBusy
from daedap.accounts.models import User
from daedap.payments.models import PaymentMethod, Registration
from daedap.portal import access
from tests import factories
from tests.jobs import run_jobs

NUMBER = "4242424242424242"
CARD = {"number": "4242 4242 4242 4242", "expiry": "12/99", "birth_date": "900102"}


@pytest.fixture
def wallet(member_client):
    """The founder's browser after the password was given again."""
    response = member_client.post("/me/confirm/", {"password": factories.PASSWORD, "next": "/me/payment/"})
    assert response.url == "/me/payment/"
    return member_client


def choose(client, method="credit_card", **facts):
    return client.post("/me/payment/add/", {"method": method, "consent": "on"} | facts)


@pytest.fixture
def at_data(wallet, mailoutbox):
    """The wallet after consent and identity check."""
    assert choose(wallet).url == "/me/payment/add/identity/"
    assert wallet.post("/me/payment/add/identity/", {"code": code_in(mailoutbox)}).url == "/me/payment/add/data/"
    return wallet


def code_in(mailoutbox):
    run_jobs()
    return re.search(r"\b\d{6}\b", mailoutbox[-1].body)[0]


def test_given_member_when_password_not_given_again_then_nothing_is_shown(member_client, founder):
    method = factories.make_payment_method(founder)
    for path in ("/me/payment/", "/me/payment/add/", "/me/payment/add/data/", f"/me/payment/{method.pk}/delete/"):
        assert member_client.get(path).url.startswith("/me/confirm/")
    assert member_client.post(f"/me/payment/{method.pk}/delete/").url.startswith("/me/confirm/")
    assert PaymentMethod.objects.exists()


def test_given_wrong_password_when_confirming_then_refused_and_paused_after_five(member_client):
    for _ in range(5):
        assert "비밀번호가 일치하지 않습니다." in member_client.post("/me/confirm/", {"password": "Wrong!99"}).text
    response = member_client.post("/me/confirm/", {"password": factories.PASSWORD})
    assert response.status_code == 422
    assert member_client.get("/me/payment/").status_code == 302


def test_given_a_busy_server_when_confirming_then_said_and_nothing_is_counted(member_client, monkeypatch):
    def busy(*_args, **_kwargs):
        raise TooBusy

    with monkeypatch.context() as patch:
        patch.setattr(User, "check_password", busy)
        for _number in range(6):
            answer = member_client.post("/me/confirm/", {"password": factories.PASSWORD})
            assert answer.status_code == 422
    assert member_client.post("/me/confirm/", {"password": factories.PASSWORD}).status_code == 302


def test_given_confirmed_when_ten_minutes_pass_then_asked_again(wallet, time_machine):
    assert wallet.get("/me/payment/").status_code == 200
    session = wallet.session
    session["password_confirmed"] -= access.CONFIRMED_SECONDS + 1
    session.save()
    assert wallet.get("/me/payment/").status_code == 302


def test_given_consent_missing_when_registering_then_refused(wallet):
    response = wallet.post("/me/payment/add/", {"method": "credit_card"})
    assert response.status_code == 422
    assert wallet.get("/me/payment/add/data/").url == "/me/payment/add/"
    assert not Registration.objects.exists()


def test_given_credit_card_when_registered_then_listed(at_data):
    assert "실제 결제도 이루어지지 않습니다." in at_data.get("/me/payment/add/data/").text

    assert at_data.post("/me/payment/add/data/", CARD).url == "/me/payment/"

    page = at_data.get("/me/payment/")
    assert "•••• 4242" in page.text
    assert "VISA" in page.text
    assert NUMBER not in page.text
    method = PaymentMethod.objects.get()
    assert (method.last4, method.expiry_month, method.expiry_year, method.is_default) == ("4242", 12, 2099, True)
    assert at_data.get("/me/payment/add/data/").url == "/me/payment/add/"  # it is over; "back" does not repeat it


def test_given_identity_check_open_when_data_page_is_opened_or_posted_then_back_to_the_check(wallet):
    choose(wallet)
    assert wallet.get("/me/payment/add/data/").url == "/me/payment/add/identity/"
    assert wallet.post("/me/payment/add/data/", CARD).url == "/me/payment/add/identity/"
    assert not PaymentMethod.objects.exists()


def test_given_wrong_code_when_sent_then_refused_and_a_new_one_can_be_had(wallet, mailoutbox):
    choose(wallet)
    first = code_in(mailoutbox)
    response = wallet.post("/me/payment/add/identity/", {"code": "12345"})
    assert response.status_code == 422
    assert "코드가 일치하지 않습니다." in response.text
    assert 'value="12345"' not in response.text

    assert wallet.post("/me/payment/add/identity/code/").url == "/me/payment/add/identity/"
    second = code_in(mailoutbox)
    if first != second:
        assert wallet.post("/me/payment/add/identity/", {"code": first}).status_code == 422
    assert wallet.post("/me/payment/add/identity/", {"code": second}).url == "/me/payment/add/data/"


def test_given_somebody_elses_registration_when_planted_in_the_session_then_not_found(wallet):
    other = factories.make_platform_member()
    planted = Registration.objects.create(
        public_id="a" * 32, user=other, provider="manual", method="credit_card", state="data"
    )
    session = wallet.session
    session["payment_registration"] = planted.public_id
    session.save()
    assert wallet.post("/me/payment/add/data/", CARD).url == "/me/payment/add/"
    assert not PaymentMethod.objects.exists()


def test_given_verified_business_when_bank_transfer_is_registered_then_the_bank_is_listed(platform_client):
    facts = {"company_name": "예스", "business_number": "1168200276", "representative": "김대표"}
    user = factories.make_platform_member(membership_type="business", verification="approved", **facts)
    platform_client.force_login(user)
    platform_client.post("/me/confirm/", {"password": factories.PASSWORD})

    assert choose(platform_client, "bank_transfer").url == "/me/payment/add/identity/"
    page = platform_client.post("/me/payment/add/identity/", facts | {"representative": "박대표"})
    assert page.status_code == 422
    assert "확인된 사업자 정보와 다릅니다." in page.text
    assert platform_client.post("/me/payment/add/identity/", facts).url == "/me/payment/add/data/"
    page = platform_client.post("/me/payment/add/data/", {"bank": "999", "account": "12"})
    assert page.status_code == 422
    assert (
        platform_client.post("/me/payment/add/data/", {"bank": "088", "account": "110-123-456789"}).url
        == "/me/payment/"
    )
    assert "신한은행" in platform_client.get("/me/payment/").text


def test_given_japanese_member_when_registering_then_holder_and_security_code_are_asked(platform_client, mailoutbox):
    user = factories.make_platform_member(country="JP")
    platform_client.force_login(user)
    platform_client.post("/me/confirm/", {"password": factories.PASSWORD})
    choose(platform_client)
    platform_client.post("/me/payment/add/identity/", {"code": code_in(mailoutbox)})
    card = {"number": "4000004100000003", "expiry": "12/99", "holder": "TARO YAMADA", "security_code": "123"}

    foreign = platform_client.post("/me/payment/add/data/", card)
    assert foreign.status_code == 422
    assert "일본에서 발급된 카드만" in foreign.text
    assert platform_client.post("/me/payment/add/data/", card | {"number": "4000003920000003"}).url == "/me/payment/"


def test_given_payment_not_required_when_going_about_then_the_screens_follow(member_client, founder, settings):
    settings.PAYMENT_REQUIRED = False
    assert "먼저 결제수단을 등록해 주세요" not in member_client.get("/console/").text
    response = member_client.post("/console/new/", {"name": "예스24 & Co."})
    assert response.status_code == 302
    assert founder.organizations.count() == 1
    member_client.post("/logout/")
    login = member_client.post("/login/", {"email": founder.email, "password": factories.PASSWORD})
    assert login.url == "/console/"
    member_client.post("/me/confirm/", {"password": factories.PASSWORD})
    assert "결제수단 없이 서비스를 이용할 수 있습니다." in member_client.get("/me/payment/").text


def test_given_payment_not_required_when_the_only_card_is_deleted_then_gone(wallet, founder, acme, settings):
    settings.PAYMENT_REQUIRED = False
    assert wallet.post(f"/me/payment/{founder.payment_methods.get().pk}/delete/").status_code == 302
    assert not founder.payment_methods.exists()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"number": "4000 0566 5566 5556"}, "체크카드는 등록할 수 없습니다."),
        ({"number": "4242424242424241"}, "카드 번호가 올바르지 않습니다."),
        ({"number": "abcd"}, "카드 번호가 올바르지 않습니다."),
        ({"expiry": "01/20"}, "유효기간이 지난 카드입니다."),
        ({"expiry": "13/30"}, "MM/YY"),
        ({"birth_date": "991399"}, "생년월일"),
        ({"birth_date": ""}, "생년월일"),
    ],
)
def test_given_card_that_breaks_a_rule_when_registered_then_refused_and_nothing_shown_A10(at_data, facts, sentence):
    response = at_data.post("/me/payment/add/data/", CARD | facts)

    assert response.status_code == 422
    assert sentence in response.text
    for typed in (CARD | facts).values():
        assert not typed or f'value="{typed}"' not in response.text
    assert not PaymentMethod.objects.exists()


@pytest.mark.parametrize("method", ["bank_transfer", "corporate_card"])
def test_given_method_not_offered_when_forged_then_refused_A11(wallet, method):
    assert method not in wallet.get("/me/payment/add/").text
    assert choose(wallet, method).status_code == 422
    assert not Registration.objects.exists()


def test_given_verification_pending_when_adding_then_refused_and_explained_A7(platform_client):
    user = factories.make_platform_member(
        membership_type="business", company_name="예스", business_number="1168200276", verification="pending"
    )
    platform_client.force_login(user)
    platform_client.post("/me/confirm/", {"password": factories.PASSWORD})

    page = platform_client.get("/me/payment/add/")

    assert page.status_code == 403
    assert "사업자 정보를 확인하고 있습니다." in page.text
    listed = platform_client.get("/me/payment/").text
    assert "사업자 정보를 확인하고 있습니다." in listed  # told where methods are listed, too; nothing is offered
    assert "/me/payment/add/" not in listed
    assert choose(platform_client).status_code == 403
    assert platform_client.post("/me/payment/add/data/", CARD).status_code == 302
    assert not PaymentMethod.objects.exists()


def test_given_two_cards_when_default_changed_and_one_deleted_then_done(wallet, founder):
    first = factories.make_payment_method(founder)
    second = factories.make_payment_method(founder, is_default=False, last4="2222")

    wallet.post(f"/me/payment/{second.pk}/default/")
    assert PaymentMethod.objects.get(is_default=True).pk == second.pk
    assert wallet.get(f"/me/payment/{first.pk}/delete/").status_code == 200
    assert wallet.post(f"/me/payment/{first.pk}/delete/").url == "/me/payment/"
    assert PaymentMethod.objects.get().pk == second.pk


def test_given_only_card_of_active_organization_when_deleted_then_kept_and_told(wallet, founder, acme):
    method = founder.payment_methods.get()

    response = wallet.post(f"/me/payment/{method.pk}/delete/")

    assert response.status_code == 409
    assert "하나뿐인 결제수단은 삭제할 수 없습니다." in response.text
    assert PaymentMethod.objects.get().pk == method.pk


def test_given_foreign_card_when_touched_then_404(wallet):
    foreign = factories.make_payment_method(factories.make_platform_member())
    assert wallet.get(f"/me/payment/{foreign.pk}/delete/").status_code == 404
    assert wallet.post(f"/me/payment/{foreign.pk}/delete/").status_code == 404
    assert wallet.post(f"/me/payment/{foreign.pk}/default/").status_code == 404
    assert PaymentMethod.objects.filter(pk=foreign.pk).exists()
