import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from daedap.accounts.models import Country, MembershipType, Verification
from daedap.audit.models import AuditEntry
from daedap.core.errors import NotFound, PermissionRefused, TooManyAttempts
from daedap.payments import actions, registration, selectors
from daedap.payments.identity import Answer
from daedap.payments.kinds import KINDS, DataField, IdentityCheck
from daedap.payments.models import DiscardedToken, PaymentMethod, Registration
from daedap.payments.providers import CardRefused, Details, IdentityRefused
from tests import factories
from tests.jobs import run_jobs

VISA = "4242424242424242"
DEBIT = "4000056655665556"
PREPAID = "5105105105105100"


def card(number=VISA, **facts):
    return Details(
        **({"number": number, "expiry_month": 12, "expiry_year": 2099, "birth_date": date(1990, 1, 2)} | facts)
    )


def identified(user, method="credit_card"):
    """A registration whose identity check is behind it."""
    begun = registration.begin_registration(user=user, method=method, actor=user.as_actor())
    Registration.objects.filter(pk=begun.pk).update(state="data", challenge="")
    begun.refresh_from_db()
    return begun


def register(user, details=None, method="credit_card", begun=None):
    begun = begun or identified(user, method)
    return registration.register_details(registration=begun, details=details or card(), actor=user.as_actor())


def business(**facts):
    return factories.make_platform_member(
        **(
            {
                "membership_type": MembershipType.BUSINESS,
                "company_name": "예스",
                "business_number": "1168200276",
                "representative": "김대표",
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
    assert not AuditEntry._base_manager.filter(action="payments.method_registered").exists()


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


@pytest.mark.parametrize("method", ["bank_transfer", "corporate_card", ""])
def test_given_individual_when_method_not_offered_is_forged_then_refused_A11(founder, method):
    with pytest.raises(registration.MethodRefused):
        registration.begin_registration(user=founder, method=method, actor=founder.as_actor())
    assert not Registration.objects.exists()

    begun = identified(founder)
    Registration.objects.filter(pk=begun.pk).update(method=method)
    begun.refresh_from_db()
    with pytest.raises(registration.MethodRefused):
        register(founder, begun=begun)
    assert not PaymentMethod.objects.exists()


@pytest.mark.parametrize(
    ("country", "membership_type", "offered"),
    [
        ("KR", "individual", ["payco", "credit_card"]),
        ("KR", "business", ["payco", "credit_card", "corporate_card", "bank_transfer"]),
        ("JP", "individual", ["credit_card"]),
        ("JP", "business", ["credit_card"]),
    ],
)
def test_given_country_and_type_when_methods_are_offered_then_those_of_the_table(db, country, membership_type, offered):
    make = business if membership_type == "business" else factories.make_platform_member
    member = make(country=country).platform_member
    assert [kind.code.value for kind in selectors.list_offered_methods(member=member)] == offered


def test_given_the_table_when_read_then_fields_checks_and_charges_are_those_of_the_specification():
    number, expiry = DataField.NUMBER, DataField.EXPIRY
    birth, digits = DataField.BIRTH_DATE, DataField.PASSWORD_DIGITS
    rows = [
        (
            kind.country,
            min(kind.memberships),
            kind.code.value,
            kind.identity,
            kind.fields,
            kind.charge and kind.charge.amount,
        )
        for kind in KINDS
    ]
    phone, company = IdentityCheck.PHONE, IdentityCheck.BUSINESS_NUMBER
    assert rows == [
        ("KR", "individual", "payco", phone, (number, expiry, digits), 1000),
        ("KR", "individual", "credit_card", phone, (number, expiry, birth), None),
        ("KR", "business", "payco", company, (number, expiry), 1000),
        ("KR", "business", "credit_card", phone, (number, expiry, birth), None),
        ("KR", "business", "corporate_card", company, (number, expiry, digits), None),
        ("KR", "business", "bank_transfer", IdentityCheck.CERTIFICATE, (DataField.BANK, DataField.ACCOUNT), None),
        (
            "JP",
            "business",
            "credit_card",
            IdentityCheck.CARD_OWNERSHIP,
            (number, expiry, DataField.HOLDER, DataField.SECURITY_CODE),
            2,
        ),
    ]


# --- The identity check --------------------------------------------------------------------------


def answer(begun, **facts):
    begun.refresh_from_db()
    registration.finish_identity_check(registration=begun, answer=Answer(**facts), actor=begun.user.as_actor())


def begin(user, method):
    return registration.begin_registration(user=user, method=method, actor=user.as_actor())


def mailed_code(mailoutbox):
    run_jobs()
    return re.search(r"\b\d{6}\b", mailoutbox[-1].body)[0]


def test_given_consent_when_data_come_before_the_identity_check_then_refused(founder):
    with pytest.raises(registration.RegistrationOver):
        register(founder, begun=begin(founder, "credit_card"))
    assert not PaymentMethod.objects.exists()


def test_given_phone_check_without_a_provider_when_the_mailed_code_is_entered_then_data_may_follow(founder, mailoutbox):
    begun = begin(founder, "credit_card")
    code = mailed_code(mailoutbox)
    assert mailoutbox[-1].to == [founder.email]
    assert code not in Registration.objects.get().challenge

    answer(begun, code=code)

    begun.refresh_from_db()
    assert begun.state == "data"
    assert register(founder, begun=begun).last4 == "4242"


def test_given_mailed_code_when_wrong_late_used_up_or_replaced_then_refused(founder, mailoutbox, time_machine):
    time_machine.move_to("2026-03-01T12:00:00+09:00", tick=False)
    begun = begin(founder, "credit_card")
    first = mailed_code(mailoutbox)
    wrong = "000000" if first != "000000" else "111111"
    for _ in range(5):
        with pytest.raises(IdentityRefused):
            answer(begun, code=wrong)
    with pytest.raises(IdentityRefused):
        answer(begun, code=first)

    registration.renew_identity_check(registration=begun)
    second = mailed_code(mailoutbox)
    if second != first:
        with pytest.raises(IdentityRefused):
            answer(begun, code=first)
    time_machine.shift(timedelta(minutes=10, seconds=1))
    with pytest.raises(IdentityRefused):
        answer(begun, code=second)
    begun.refresh_from_db()
    assert begun.state == "identity"


def test_given_business_number_check_when_number_differs_then_refused_and_equal_one_accepted(db):
    begun = begin(business(), "payco")
    with pytest.raises(IdentityRefused) as refused:
        answer(begun, business_number="124-81-00998")
    assert refused.value.field == "business_number"
    begun.refresh_from_db()
    assert begun.state == "identity"

    answer(begun, business_number="116-82-00276")
    begun.refresh_from_db()
    assert begun.state == "data"


@pytest.mark.parametrize(
    ("field", "value"), [("company_name", "다른 회사"), ("representative", "박대표"), ("business_number", "1248100998")]
)
def test_given_bank_transfer_when_business_data_differ_then_refused(db, field, value):
    begun = begin(business(), "bank_transfer")
    right = {"company_name": " 예 스", "representative": "김대표", "business_number": "116-82-00276"}
    with pytest.raises(IdentityRefused) as refused:
        answer(begun, **(right | {field: value}))
    assert refused.value.field == field

    answer(begun, **right)
    begun.refresh_from_db()
    kept = register(begun.user, Details(bank="088", account="110123456789"), begun=begun)
    assert (kept.method, kept.brand, kept.last4, kept.expiry_month) == ("bank_transfer", "088", "6789", None)


def test_given_registration_older_than_an_hour_when_data_come_then_refused(founder):
    begun = identified(founder)
    Registration.objects.filter(pk=begun.pk).update(created_at=timezone.now() - timedelta(hours=2))
    begun.refresh_from_db()
    with pytest.raises(registration.RegistrationOver):
        registration.finish_identity_check(registration=begun, answer=Answer(), actor=founder.as_actor())


def test_given_the_same_registration_when_its_data_are_sent_twice_then_one_method(founder):
    begun = identified(founder)
    stale = Registration.objects.get(pk=begun.pk)
    first, second = register(founder, begun=begun), register(founder, begun=stale)
    assert first.pk == second.pk
    assert PaymentMethod.objects.count() == 1


def test_given_method_when_deleted_then_the_provider_forgets_its_token(founder):
    method = register(founder)
    actions.delete_method(user=founder, method_id=method.pk, actor=founder.as_actor(), still_needed=lambda: False)
    assert DiscardedToken.objects.count() == 1
    run_jobs()
    assert DiscardedToken.objects.count() == 0


# --- Cards ---------------------------------------------------------------------------------------


def test_given_verified_business_when_registering_corporate_card_then_accepted(db):
    assert register(business(), card(password_digits="12"), method="corporate_card").last4 == "4242"


def test_given_japanese_member_when_card_was_issued_abroad_then_refused(db):
    user = factories.make_platform_member(country=Country.JP)
    with pytest.raises(CardRefused) as refused:
        register(user, card("4000004100000003", country="JP"))
    assert refused.value.reason == "foreign"
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
    begun = identified(founder)
    for _ in range(registration.TRIES_PER_HOUR):
        with pytest.raises(CardRefused):
            register(founder, card("4242424242424241"), begun=begun)
    with pytest.raises(TooManyAttempts):
        register(founder, begun=begun)
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
