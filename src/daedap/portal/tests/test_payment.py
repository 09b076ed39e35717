import json
import logging

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from daedap.payments.models import PaymentMethod
from daedap.portal import access
from tests import factories

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


def test_given_member_when_password_not_given_again_then_nothing_is_shown(member_client, founder):
    method = factories.make_payment_method(founder)
    for path in ("/me/payment/", "/me/payment/add/", "/me/payment/add/card/", f"/me/payment/{method.pk}/delete/"):
        assert member_client.get(path).url.startswith("/me/confirm/")
    assert member_client.post(f"/me/payment/{method.pk}/delete/").url.startswith("/me/confirm/")
    assert PaymentMethod.objects.exists()


def test_given_wrong_password_when_confirming_then_refused_and_paused_after_five(member_client):
    for _ in range(5):
        assert "비밀번호가 일치하지 않습니다." in member_client.post("/me/confirm/", {"password": "Wrong!99"}).text
    response = member_client.post("/me/confirm/", {"password": factories.PASSWORD})
    assert response.status_code == 422
    assert member_client.get("/me/payment/").status_code == 302


def test_given_confirmed_when_ten_minutes_pass_then_asked_again(wallet, time_machine):
    assert wallet.get("/me/payment/").status_code == 200
    session = wallet.session
    session["password_confirmed"] -= access.CONFIRMED_SECONDS + 1
    session.save()
    assert wallet.get("/me/payment/").status_code == 302


def test_given_consent_missing_when_registering_then_refused(wallet):
    response = wallet.post("/me/payment/add/", {"method": "credit_card"})
    assert response.status_code == 422
    assert wallet.get("/me/payment/add/card/").url == "/me/payment/add/"


def test_given_credit_card_when_registered_then_listed_and_number_is_nowhere(wallet, caplog):
    caplog.set_level(logging.DEBUG)
    assert choose(wallet).url == "/me/payment/add/card/"
    assert "실제 결제도 이루어지지 않습니다." in wallet.get("/me/payment/add/card/").text

    assert wallet.post("/me/payment/add/card/", CARD).url == "/me/payment/"

    page = wallet.get("/me/payment/")
    assert "•••• 4242" in page.text
    assert "VISA" in page.text
    assert NUMBER not in page.text
    method = PaymentMethod.objects.get()
    assert (method.last4, method.expiry_month, method.expiry_year, method.is_default) == ("4242", 12, 2099, True)
    sessions = json.dumps([session.get_decoded() for session in Session.objects.all()])
    with connection.cursor() as cursor:
        rows = []
        for table in ("payments_paymentmethod", "audit_auditentry", "procrastinate_jobs", "core_limitcounter"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            rows += [row[0] for row in cursor.fetchall()]
    everywhere = " ".join([sessions, caplog.text, *rows])
    for secret in (NUMBER, CARD["number"], "900102", "1990-01-02"):
        assert secret not in everywhere


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
def test_given_card_that_breaks_a_rule_when_registered_then_refused_and_nothing_shown_A10(wallet, facts, sentence):
    choose(wallet)

    response = wallet.post("/me/payment/add/card/", CARD | facts)

    assert response.status_code == 422
    assert sentence in response.text
    for typed in (CARD | facts).values():
        assert not typed or f'value="{typed}"' not in response.text
    assert not PaymentMethod.objects.exists()


@pytest.mark.parametrize("method", ["bank_transfer", "payco", "corporate_card"])
def test_given_method_not_offered_when_forged_then_refused_A11(wallet, method):
    assert method not in wallet.get("/me/payment/add/").text
    assert choose(wallet, method).status_code == 422
    session = wallet.session
    session["payment_method_chosen"] = method
    session.save()
    assert wallet.post("/me/payment/add/card/", CARD).url == "/me/payment/add/"
    assert not PaymentMethod.objects.exists()


def test_given_verification_pending_when_adding_then_refused_and_explained_A7(platform_client):
    user = factories.make_platform_member(
        membership_type="business", company_name="예스", business_number="1168200276", verification="pending"
    )
    platform_client.force_login(user)
    platform_client.post("/me/confirm/", {"password": factories.PASSWORD})

    page = platform_client.get("/me/payment/add/")

    assert page.status_code == 403
    assert "사업자 정보를 확인하고 있습니다." in page.text
    assert choose(platform_client).status_code == 403
    assert platform_client.post("/me/payment/add/card/", CARD).status_code == 302
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
    assert "하나뿐인 결제 수단은 삭제할 수 없습니다." in response.text
    assert PaymentMethod.objects.get().pk == method.pk


def test_given_foreign_card_when_touched_then_404(wallet):
    foreign = factories.make_payment_method(factories.make_platform_member())
    assert wallet.get(f"/me/payment/{foreign.pk}/delete/").status_code == 404
    assert wallet.post(f"/me/payment/{foreign.pk}/delete/").status_code == 404
    assert wallet.post(f"/me/payment/{foreign.pk}/default/").status_code == 404
    assert PaymentMethod.objects.filter(pk=foreign.pk).exists()
