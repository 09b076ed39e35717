import base64
import hmac
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from daedap.payments import registration
from daedap.payments.identity import Answer
from daedap.payments.models import DiscardedToken, PaymentMethod, ReceivedWebhook, Registration
from daedap.payments.providers import IdentityRefused, ProviderUnavailable, portone
from daedap.payments.selectors import list_offered_methods
from daedap.payments.tasks import tidy, verify_waiting
from daedap.payments.tests import stand_in
from tests import factories
from tests.jobs import queued, run_jobs

CALL_SECONDS = 0.4
KEY = "billing-key-0199"
MOBILE = "+82 10-1234-5678"


@pytest.fixture(scope="module")
def server():
    with stand_in.portone(CALL_SECONDS) as state:
        yield state


@pytest.fixture
def api(server, settings, monkeypatch):
    """PortOne is configured, and answers from a clean slate."""
    monkeypatch.setattr(portone, "CALL_SECONDS", CALL_SECONDS)
    portone._client.cache_clear()
    server.reset()
    settings.PAYMENT_PROVIDER = "portone"
    settings.PORTONE = settings.PORTONE | {
        "api_secret": stand_in.SECRET,
        "webhook_secret": stand_in.WEBHOOK_SECRET,
        "store_id": stand_in.STORE,
        "api_url": server.url,
        "channels": {"card": "c-card", "payco": "c-payco", "card_japan": "c-jp", "identity": "c-id"},
    }
    yield server
    portone._client.cache_clear()


@pytest.fixture
def payer(db):
    return factories.make_platform_member(mobile=MOBILE)


def begin(user, method="credit_card"):
    return registration.begin_registration(user=user, method=method, actor=user.as_actor())


def at_data(user, method="credit_card"):
    begun = begin(user, method)
    Registration.objects.filter(pk=begun.pk).update(state="data", challenge="")
    begun.refresh_from_db()
    return begun


def register(user, method="payco", key=KEY):
    """The browser's return for a registration whose window succeeded; the job has yet to run."""
    begun = at_data(user, method)
    registration.accept_token(registration=begun, token=key)
    return begun


def state_of(begun):
    begun.refresh_from_db()
    return begun.state


def payco(api, user):
    begun = at_data(user, "payco")
    api.issue_payco(KEY, begun.public_id)
    registration.accept_token(registration=begun, token=KEY)
    return begun


def methods():
    return list(PaymentMethod.objects.values_list("method", "brand", "last4"))


# --- What is offered, and who it is --------------------------------------------------------------


def test_given_no_channel_when_methods_are_offered_then_only_those_that_work(api, payer, settings):
    offered = [kind.code.value for kind in list_offered_methods(member=payer.platform_member)]
    assert offered == ["payco", "credit_card"]
    settings.PORTONE = settings.PORTONE | {"channels": settings.PORTONE["channels"] | {"payco": ""}}
    assert [kind.code.value for kind in list_offered_methods(member=payer.platform_member)] == ["credit_card"]
    settings.PORTONE = settings.PORTONE | {"channels": settings.PORTONE["channels"] | {"identity": ""}}
    assert list_offered_methods(member=payer.platform_member) == []


def test_given_identity_check_when_portone_confirms_the_members_phone_then_data_may_follow(api, payer):
    begun = begin(payer)
    api.identify(begun.challenge)
    registration.finish_identity_check(registration=begun, answer=Answer(), actor=payer.as_actor())
    assert state_of(begun) == "data"


def test_given_identity_check_without_a_phone_when_the_name_is_the_members_then_data_may_follow(api, payer):
    begun = begin(payer)
    api.identify(begun.challenge, phone="", name=f" {payer.name[0]} {payer.name[1:]}")
    registration.finish_identity_check(registration=begun, answer=Answer(), actor=payer.as_actor())
    assert state_of(begun) == "data"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"status": "FAILED"}, IdentityRefused),
        ({"phone": "01099998888"}, IdentityRefused),
        ({"phone": "", "name": "남의 이름"}, IdentityRefused),
        (None, IdentityRefused),
    ],
)
def test_given_identity_check_when_not_confirmed_or_of_somebody_else_then_refused(api, payer, facts, expected):
    begun = begin(payer)
    if facts is not None:
        api.identify(begun.challenge, **facts)
    api.identify("another")
    with pytest.raises(expected):
        registration.finish_identity_check(registration=begun, answer=Answer(), actor=payer.as_actor())
    assert state_of(begun) == "identity"


def test_given_identity_check_when_portone_is_silent_then_unavailable_and_nothing_changed(api, payer):
    begun = begin(payer)
    api.identify(begun.challenge)
    api.troubles = [("identity", "lost")]
    with pytest.raises(ProviderUnavailable):
        registration.finish_identity_check(registration=begun, answer=Answer(), actor=payer.as_actor())
    assert state_of(begun) == "identity"


# --- The card ------------------------------------------------------------------------------------


def test_given_credit_card_when_window_returned_then_listed_without_a_charge(api, payer):
    begun = at_data(payer)
    api.issue(KEY, begun.public_id)
    registration.accept_token(registration=begun, token=KEY)
    run_jobs()

    assert methods() == [("credit_card", "VISA", "1234")]
    assert state_of(begun) == "done"
    assert begun.token == ""
    assert PaymentMethod.objects.get().token == KEY
    assert api.charges == 0


def test_given_payco_when_registered_then_1000_won_charged_once_and_cancelled(api, payer):
    begun = payco(api, payer)
    run_jobs()

    assert methods() == [("payco", "Card", "1234")]
    assert (api.charges, api.cancels) == (1, 1)
    paid = api.payments[begun.public_id]
    assert paid["status"] == "CANCELLED"
    assert (paid["body"]["amount"], paid["body"]["currency"]) == ({"total": 1000}, "KRW")


def test_given_japanese_member_when_registered_then_2_yen_charged_and_cancelled(api, db):
    user = factories.make_platform_member(country="JP")
    begun = begin(user)
    assert begun.state == "data"  # card ownership is checked with the card
    api.issue(KEY, begun.public_id)
    registration.accept_token(registration=begun, token=KEY)
    run_jobs()

    body = api.payments[begun.public_id]["body"]
    assert (body["amount"], body["currency"], api.cancels) == ({"total": 2}, "JPY", 1)


@pytest.mark.parametrize(
    ("card", "reason"),
    [({"type": "DEBIT"}, "debit"), ({"type": "GIFT"}, "prepaid"), ({"type": None, "bin": "40000566"}, "debit")],
)
def test_given_debit_or_prepaid_card_when_issued_then_refused_and_the_key_is_deleted_A10(api, payer, card, reason):
    begun = at_data(payer)
    api.issue(KEY, begun.public_id, **card)
    if card.get("type") is None:
        del api.billing_keys[KEY]["methods"][0]["card"]["type"]
    registration.accept_token(registration=begun, token=KEY)
    run_jobs()

    assert (state_of(begun), begun.reason, begun.token) == ("refused", reason, "")
    assert methods() == []
    assert api.billing_keys == {}
    assert not DiscardedToken.objects.exists()
    assert api.charges == 0


def test_given_payco_points_when_issued_then_refused_as_prepaid(api, payer):
    begun = at_data(payer, "payco")
    api.issue_payco(KEY, begun.public_id, {"type": "BillingKeyPaymentMethodEasyPayCharge"})
    registration.accept_token(registration=begun, token=KEY)
    run_jobs()
    assert (state_of(begun), begun.reason, api.charges) == ("refused", "prepaid", 0)


def test_given_foreign_card_when_issued_for_a_japanese_member_then_refused(api, db):
    begun = begin(factories.make_platform_member(country="JP"))
    api.issue(KEY, begun.public_id, bin="40000041")
    registration.accept_token(registration=begun, token=KEY)
    run_jobs()
    assert (state_of(begun), begun.reason, api.charges, api.billing_keys) == ("refused", "foreign", 0, {})


def test_given_card_where_payco_was_chosen_when_issued_then_refused(api, payer):
    begun = at_data(payer, "payco")
    api.issue(KEY, begun.public_id)
    registration.accept_token(registration=begun, token=KEY)
    run_jobs()
    assert (state_of(begun), begun.reason) == ("refused", "other_method")


def test_given_declined_charge_when_verified_then_refused_and_the_key_is_deleted(api, payer):
    begun = payco(api, payer)
    api.troubles = [("POST /payments", "declined")]
    run_jobs()

    assert (state_of(begun), begun.reason) == ("refused", "declined")
    assert (methods(), api.billing_keys, api.charges) == ([], {}, 0)


@pytest.mark.parametrize("key", ["made-up", "somebody-elses"])
def test_given_token_of_somebody_else_when_posted_then_nothing_kept_and_it_can_go_on(api, payer, key):
    api.issue("somebody-elses", "another reference")
    begun = register(payer, "credit_card", key)
    run_jobs()

    assert (state_of(begun), begun.token, methods()) == ("data", "", [])
    assert "somebody-elses" in api.billing_keys
    api.issue(KEY, begun.public_id)
    registration.accept_token(registration=begun, token=KEY)
    run_jobs()
    assert len(methods()) == 1


# --- Trouble -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["timeout", "lost", "500", "html"])
@pytest.mark.parametrize("path", ["GET /billing-keys", "GET /payments", "POST /payments", "/cancel"])
def test_given_trouble_at_any_step_when_tried_again_then_charged_once_cancelled_and_listed_once(api, payer, path, kind):
    begun = payco(api, payer)
    api.troubles = [(path, kind)]
    with pytest.raises(ProviderUnavailable):
        run_jobs()
    assert (state_of(begun), begun.claimed_until, methods()) == ("verifying", None, [])

    registration.verify(begun.pk)

    assert state_of(begun) == "done"
    assert (api.charges, api.cancels, len(methods())) == (1, 1, 1)
    registration.verify(begun.pk)
    assert (api.charges, api.cancels, len(methods())) == (1, 1, 1)


def test_given_charge_made_and_the_key_gone_when_tried_again_then_the_charge_is_cancelled(api, payer):
    begun = payco(api, payer)
    api.troubles = [("/cancel", "lost")]
    with pytest.raises(ProviderUnavailable):
        run_jobs()
    assert api.payments[begun.public_id]["status"] == "PAID"
    api.billing_keys.clear()

    registration.verify(begun.pk)

    assert api.payments[begun.public_id]["status"] == "CANCELLED"
    assert (state_of(begun), methods()) == ("data", [])


def test_given_waiting_registration_when_the_jobs_ran_out_then_the_periodic_one_finishes_it(api, payer):
    begun = payco(api, payer)
    Registration.objects.filter(pk=begun.pk).update(created_at=timezone.now() - timedelta(minutes=30))
    api.troubles = [("GET /billing-keys", "500")]
    verify_waiting()
    assert state_of(begun) == "verifying"
    verify_waiting()
    assert state_of(begun) == "done"


def test_given_old_registrations_when_tidied_then_those_still_verifying_stay(api, payer):
    waiting, left = payco(api, payer), begin(payer)
    Registration.objects.update(created_at=timezone.now() - timedelta(days=2))
    tidy()
    assert list(Registration.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert left.pk != waiting.pk


def test_given_method_when_deleted_while_portone_is_down_then_its_key_is_deleted_later(api, payer):
    payco(api, payer)
    run_jobs()
    from daedap.payments.actions import delete_method

    method = PaymentMethod.objects.get()
    delete_method(user=payer, method_id=method.pk, actor=payer.as_actor(), still_needed=lambda: False)
    api.troubles = [("DELETE", "500")]
    with pytest.raises(ProviderUnavailable):
        run_jobs()
    assert DiscardedToken.objects.count() == 1
    tidy()
    assert (DiscardedToken.objects.count(), api.billing_keys) == (0, {})


def test_given_queued_jobs_when_looked_at_then_no_token_is_in_them(api, payer):
    payco(api, payer)
    assert KEY not in json.dumps([job.args for job in queued()])
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM payments_registration")
        assert KEY not in cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_given_two_verifications_at_once_when_run_then_one_charge_and_one_method(api):
    payer = factories.make_platform_member(mobile=MOBILE)
    begun = payco(api, payer)

    def verify(_):
        try:
            registration.verify(begun.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(verify, range(4)))
    assert (api.charges, api.cancels, len(methods())) == (1, 1, 1)


# --- Notices -------------------------------------------------------------------------------------


def signed(facts, *, webhook_id="wh-1", age=0, secret=stand_in.WEBHOOK_SECRET):
    body = json.dumps(facts)
    at = str(int(time.time()) - age)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{webhook_id}.{at}.{body}".encode(), "sha256")).decode()
    headers = {"webhook-id": webhook_id, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}
    return body, headers


def send(client, body, headers):
    return client.post("/payments/notice/", body, content_type="application/json", headers=headers)


def issued(key=KEY, store=stand_in.STORE):
    return {
        "type": "BillingKey.Issued",
        "timestamp": stand_in.NOW,
        "data": {"billingKey": key, "storeId": store},
    }


def paid(reference):
    data = {"paymentId": reference, "storeId": stand_in.STORE, "transactionId": "t"}
    return {"type": "Transaction.Paid", "timestamp": stand_in.NOW, "data": data}


def test_given_notice_before_the_browsers_return_when_taken_then_listed_once(api, payer, platform_client):
    begun = at_data(payer)
    api.issue(KEY, begun.public_id)

    assert send(platform_client, *signed(issued())).status_code == 200
    run_jobs()
    assert len(methods()) == 1

    begun.refresh_from_db()
    registration.accept_token(registration=begun, token=KEY)  # now the browser comes back
    run_jobs()
    assert len(methods()) == 1
    assert state_of(begun) == "done"


def test_given_the_same_notice_twice_when_sent_then_taken_once(api, payer, platform_client):
    begun = at_data(payer, "payco")
    api.issue_payco(KEY, begun.public_id)
    notice = signed(issued())

    assert [send(platform_client, *notice).status_code for _ in range(3)] == [200, 200, 200]
    assert len(queued("payments.take_notice")) == 1
    run_jobs()
    assert (api.charges, len(methods())) == (1, 1)
    assert ReceivedWebhook.objects.count() == 1
    assert KEY not in json.dumps([job.args for job in queued()])


def test_given_notice_of_the_charge_when_verification_waits_then_it_goes_on(api, payer, platform_client):
    begun = payco(api, payer)
    api.troubles = [("POST /payments", "timeout")]
    with pytest.raises(ProviderUnavailable):
        run_jobs()

    send(platform_client, *signed(paid(begun.public_id)))
    run_jobs()
    assert (state_of(begun), api.charges, api.cancels) == ("done", 1, 1)


def test_given_notice_when_portone_is_down_then_the_job_is_tried_again(api, payer, platform_client):
    begun = at_data(payer)
    api.issue(KEY, begun.public_id)
    send(platform_client, *signed(issued()))
    api.troubles = [("GET /billing-keys", "500")]
    with pytest.raises(ProviderUnavailable):
        run_jobs()
    assert state_of(begun) == "data"


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "whsec_Zm9yZ2VkLWZvcmdlZC1mb3JnZWQ="},
        {"age": 301},
        {"age": -330},
    ],
)
def test_given_forged_or_old_notice_when_sent_then_400_and_nothing_kept(api, payer, platform_client, change):
    begun = at_data(payer)
    api.issue(KEY, begun.public_id)
    assert send(platform_client, *signed(issued(), **change)).status_code == 400
    assert not ReceivedWebhook.objects.exists()
    assert queued("payments.take_notice") == []


@pytest.mark.parametrize("drop", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_given_notice_without_a_header_or_changed_when_sent_then_400(api, db, platform_client, drop):
    body, headers = signed(issued())
    assert send(platform_client, body, {k: v for k, v in headers.items() if k != drop}).status_code == 400
    assert send(platform_client, body.replace(KEY, "another"), headers).status_code == 400
    assert send(platform_client, b"\xff\xfe", headers).status_code == 400
    garbled = headers | {"webhook-signature": "v1,%%% v1, v2,x nothing"}
    assert send(platform_client, body, garbled).status_code == 400
    assert not ReceivedWebhook.objects.exists()


def test_given_notices_that_concern_us_not_when_taken_then_nothing_happens(api, payer, platform_client):
    api.issue("foreign-key", "a reference of another system")
    for number, facts in enumerate(
        [issued("foreign-key"), issued(store="store-2"), paid("unknown"), {"type": "New.Kind", "data": 1}, [1]]
    ):
        assert send(platform_client, *signed(facts, webhook_id=f"wh-{number}")).status_code in (200, 400)
    run_jobs()
    assert methods() == []
    assert "foreign-key" in api.billing_keys


def test_given_manual_provider_when_a_notice_comes_then_404(db, platform_client):
    assert send(platform_client, *signed(issued())).status_code == 404


# --- The pages -----------------------------------------------------------------------------------


@pytest.fixture
def browser(api, payer, platform_client):
    platform_client.force_login(payer)
    platform_client.post("/me/confirm/", {"password": factories.PASSWORD})
    return platform_client


def window_of(page):
    from html import unescape

    return json.loads(unescape(re.search(r'data-window="([^"]*)"', page.text)[1]))


def test_given_the_whole_way_when_walked_then_the_card_is_entered_in_portones_window_alone(api, browser):
    assert browser.post("/me/payment/add/", {"method": "payco", "consent": "on"}).url == "/me/payment/add/identity/"
    page = browser.get("/me/payment/add/identity/")
    assert "https://cdn.portone.io/v2/browser-sdk.js" in page.headers["Content-Security-Policy"]
    api.identify(window_of(page)["identityVerificationId"])
    assert browser.post("/me/payment/add/identity/").url == "/me/payment/add/data/"

    page = browser.get("/me/payment/add/data/")
    window = window_of(page)
    assert window["billingKeyMethod"] == "EASY_PAY"
    assert window["easyPay"] == {"easyPayProvider": "PAYCO"}
    assert 'name="number"' not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "https://cdn.portone.io/v2/browser-sdk.js" in policy
    assert "unsafe" not in policy
    api.issue_payco(KEY, window["issueId"])
    assert browser.post("/me/payment/add/data/", {"billingKey": KEY}).url == "/me/payment/add/status/"

    assert "확인하고 있습니다" in browser.get("/me/payment/add/status/").text
    run_jobs()
    answer = browser.get("/me/payment/add/status/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/me/payment/"
    page = browser.get("/me/payment/")
    assert "•••• 1234" in page.text
    assert "portone" not in page.headers["Content-Security-Policy"]


def test_given_failed_identity_check_when_asked_again_then_a_new_reference(api, browser):
    browser.post("/me/payment/add/", {"method": "credit_card", "consent": "on"})
    first = window_of(browser.get("/me/payment/add/identity/"))["identityVerificationId"]
    api.identify(first, status="FAILED")
    page = browser.post("/me/payment/add/identity/")
    assert page.status_code == 422
    assert "본인 인증이 되지 않았습니다." in page.text
    assert window_of(page)["identityVerificationId"] != first


def test_given_debit_card_when_the_status_is_looked_at_then_the_reason_is_told_A10(api, browser, payer):
    begun = at_data(payer)
    session = browser.session
    session["payment_registration"] = begun.public_id
    session.save()
    api.issue(KEY, begun.public_id, type="DEBIT")
    # Phones come back by redirect.
    assert browser.get(f"/me/payment/add/data/?billingKey={KEY}&transactionType=ISSUE_BILLING_KEY").status_code == 302
    run_jobs()
    page = browser.get("/me/payment/add/status/", follow=True)
    assert "체크카드는 등록할 수 없습니다." in page.text
    assert methods() == []


def test_given_window_closed_when_it_returns_then_said_and_nothing_registered(api, browser, payer):
    begun = at_data(payer)
    session = browser.session
    session["payment_registration"] = begun.public_id
    session.save()
    page = browser.post("/me/payment/add/data/", {"code": "FAILURE_TYPE_PG", "billingKey": ""})
    assert page.status_code == 422
    assert "결제 창에서 등록하지 못했습니다." in page.text
    assert state_of(begun) == "data"
