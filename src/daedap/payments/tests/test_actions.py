from datetime import date, timedelta

import pytest
from django.db import connection

from daedap.accounts.models import Country, MembershipType, Verification
from daedap.audit.models import AuditEntry
from daedap.core.errors import NotFound, PermissionRefused, TooManyAttempts
from daedap.payments import actions, selectors
from daedap.payments.models import PaymentMethod
from daedap.payments.providers import CardDetails, CardRefused
from tests import factories

VISA = "4242424242424242"
DEBIT = "4000056655665556"
PREPAID = "5105105105105100"


def card(number=VISA, **facts):
    return CardDetails(
        **({"number": number, "expiry_month": 12, "expiry_year": 2099, "birth_date": date(1990, 1, 2)} | facts)
    )


def register(user, details=None, method="credit_card"):
    return actions.register_card(user=user, method=method, card=details or card(), actor=user.as_actor())


def business(**facts):
    return factories.make_platform_member(
        **(
            {
                "membership_type": MembershipType.BUSINESS,
                "company_name": "예스",
                "business_number": "1168200276",
                "verification": Verification.APPROVED,
            }
            | facts
        )
    )


def test_given_credit_card_when_registered_then_only_token_brand_last4_and_expiry_are_kept(founder):
    method = register(founder)

    assert (method.brand, method.last4, method.expiry_month, method.expiry_year) == ("VISA", "4242", 12, 2099)
    assert method.is_default
    assert method.provider == "manual"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(p)::text FROM payments_paymentmethod p")
        kept = cursor.fetchone()[0]
        cursor.execute("SELECT to_jsonb(a)::text FROM audit_auditentry a")
        audited = " ".join(row[0] for row in cursor.fetchall())
    for secret in (VISA, VISA[:12], "1990", method.token):
        assert secret not in kept
        assert secret not in audited


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(DEBIT, "체크카드는 등록할 수 없습니다."), (PREPAID, "선불카드는 등록할 수 없습니다.")],
)
def test_given_debit_or_prepaid_card_when_registered_then_refused_and_nothing_stored_A10(founder, number, sentence):
    with pytest.raises(CardRefused) as refused:
        register(founder, card(number))

    assert str(refused.value.message) == sentence
    assert refused.value.field == "number"
    assert not PaymentMethod.objects.exists()
    assert not AuditEntry._base_manager.exists()


@pytest.mark.parametrize("number", ["4242424242424241", "424242424242424", "42424242424242424", "0000000000000001"])
def test_given_wrong_number_when_registered_then_refused(founder, number):
    with pytest.raises(CardRefused) as refused:
        register(founder, card(number))

    assert refused.value.field == "number"
    assert not PaymentMethod.objects.exists()


def test_given_last_month_when_registered_then_expired_but_this_month_is_accepted(founder, time_machine):
    time_machine.move_to("2026-03-31T12:00:00+09:00")
    with pytest.raises(CardRefused) as refused:
        register(founder, card(expiry_month=2, expiry_year=2026))
    assert refused.value.field == "expiry"
    assert not PaymentMethod.objects.exists()

    assert register(founder, card(expiry_month=3, expiry_year=2026)).expiry_month == 3


@pytest.mark.parametrize("verification", [Verification.PENDING, Verification.REFUSED])
def test_given_business_not_verified_when_registering_then_refused_A7(db, verification):
    user = business(verification=verification)

    with pytest.raises(actions.VerificationPending):
        register(user)
    assert not PaymentMethod.objects.exists()


@pytest.mark.parametrize("method", ["bank_transfer", "payco", "corporate_card", ""])
def test_given_individual_when_method_not_offered_is_forged_then_refused_A11(founder, method):
    offered = [m.code for m in selectors.list_offered_methods(member=founder.platform_member)]
    assert offered == ["credit_card"]

    with pytest.raises(actions.MethodRefused):
        register(founder, method=method)
    assert not PaymentMethod.objects.exists()


def test_given_verified_business_when_registering_corporate_card_then_accepted(db):
    assert register(business(), card(password_digits="12"), method="corporate_card").last4 == "4242"


def test_given_japanese_member_when_card_was_issued_abroad_then_refused(db):
    user = factories.make_platform_member(country=Country.JP)
    with pytest.raises(CardRefused):
        register(user, card("4000004100000001", country="JP"))
    assert not PaymentMethod.objects.exists()

    assert register(user, card("4000003920000003", country="JP")).brand == "VISA"


def test_given_iam_member_when_registering_then_refused(acme, owner):
    with pytest.raises(PermissionRefused):
        register(owner.user)


def test_given_card_details_when_printed_then_nothing_shows():
    assert VISA not in repr(card())
    assert "1990" not in repr(card())


def test_given_twenty_tries_when_one_more_then_refused(founder, time_machine):
    time_machine.move_to("2026-03-01T12:00:00+09:00", tick=False)
    for _ in range(actions.TRIES_PER_HOUR):
        with pytest.raises(CardRefused):
            register(founder, card("4242424242424241"))
    with pytest.raises(TooManyAttempts):
        register(founder)
    assert not PaymentMethod.objects.exists()

    time_machine.shift(timedelta(hours=1, seconds=1))
    register(founder)


def test_given_two_cards_when_second_made_default_then_exactly_one_is(founder):
    first, second = register(founder), register(founder, card("5555555555554444"))
    assert not second.is_default

    actions.make_default(user=founder, method_id=second.pk, actor=founder.as_actor())

    assert [m.pk for m in selectors.list_payment_methods(user=founder)] == [second.pk, first.pk]
    assert PaymentMethod.objects.get(is_default=True).pk == second.pk


def test_given_foreign_card_when_made_default_or_deleted_then_not_found(founder):
    other = register(factories.make_platform_member())

    with pytest.raises(NotFound):
        actions.make_default(user=founder, method_id=other.pk, actor=founder.as_actor())
    with pytest.raises(NotFound):
        actions.delete_method(user=founder, method_id=other.pk, actor=founder.as_actor(), still_needed=lambda: False)
    assert PaymentMethod.objects.get().pk == other.pk


def test_given_only_card_still_needed_when_deleted_then_kept(founder):
    method = register(founder)

    with pytest.raises(actions.LastMethodKept):
        actions.delete_method(user=founder, method_id=method.pk, actor=founder.as_actor(), still_needed=lambda: True)
    assert PaymentMethod.objects.get().pk == method.pk


def test_given_default_card_when_deleted_then_the_next_one_becomes_default(founder):
    first, second = register(founder), register(founder, card("5555555555554444"))

    actions.delete_method(user=founder, method_id=first.pk, actor=founder.as_actor(), still_needed=lambda: True)

    assert PaymentMethod.objects.get().pk == second.pk
    assert PaymentMethod.objects.get().is_default


def test_given_own_range_file_when_named_in_settings_then_it_decides(founder, settings, tmp_path):
    table = tmp_path / "ranges.toml"
    table.write_text(
        '[[range]]\nfrom = "4242"\nto = "4242"\nfunding = "debit"\n'
        '[[brand]]\nname = "X"\nprefixes = ["4"]\nlengths = [16]\n'
    )
    settings.CARD_RANGES = str(table)

    with pytest.raises(CardRefused):
        register(founder)
    assert register(founder, card(DEBIT)).brand == "X"
