"""The console's Login security settings: four forms on one page."""

import pytest

from daedap.audit.models import AuditEntry
from daedap.core.scoping import organization_scope
from daedap.organizations.models import LoginSecurity, PasswordPolicy
from daedap.organizations.security import read_password_rules, read_sign_in_policy

LOGIN = {
    "part": "login",
    "limits_attempts": "on",
    "max_attempts": "3",
    "lock_minutes": "30",
    "sessions_at_once": "1",
    "session_type": "fixed",
    "minutes_pc": "480",
    "minutes_mobile": "10",
}
POLICY = {
    "part": "password",
    "is_custom": "True",
    "minimum": "12",
    "needs_upper": "on",
    "needs_digit": "on",
    "reuse": "3",
    "expires": "on",
    "expiry_days": "30",
    "starts": "onLogin",
}


@pytest.fixture
def at(payer_client, acme):
    return f"/console/{acme.public_id}/governance/"


def saved(organization, model):
    with organization_scope(organization.pk):
        return model.objects.first()


def audited(organization):
    with organization_scope(organization.pk):
        return [
            (entry.action, entry.facts) for entry in AuditEntry.objects.filter(action__endswith="_saved").order_by("pk")
        ]


def test_given_nothing_chosen_when_opened_then_the_defaults_are_shown(payer_client, at, acme):
    page = payer_client.get(at)
    assert page.status_code == 200
    for fact in ('name="max_attempts" value="5"', 'name="lock_minutes" value="10"', 'name="minutes_pc" value="60"'):
        assert fact in page.text
    assert "127.0.0.1" in page.text
    assert saved(acme, LoginSecurity) is None


def test_given_login_form_when_saved_then_in_force_and_audited(payer_client, at, acme):
    assert payer_client.post(at, LOGIN).url == at
    with organization_scope(acme.pk):
        policy = read_sign_in_policy()
    assert (policy.max_failures, policy.lock.total_seconds()) == (3, 1800)
    assert (policy.sessions.at_once, policy.sessions.is_fixed) == (1, True)
    assert policy.sessions.life_pc.total_seconds() == 480 * 60
    ((action, facts),) = audited(acme)
    assert action == "organizations.login_security_saved"
    assert facts["changed"]["max_attempts"] == [5, 3]
    assert "limits_attempts" not in facts["changed"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_attempts", "0"),
        ("max_attempts", "11"),
        ("lock_minutes", "0"),
        ("lock_minutes", "1441"),
        ("sessions_at_once", "0"),
        ("sessions_at_once", "11"),
        ("minutes_pc", "9"),
        ("minutes_mobile", "1441"),
        ("session_type", "never"),
        ("max_attempts", ""),
    ],
)
def test_given_value_out_of_range_when_saved_then_422_at_the_field_and_nothing_changed(
    payer_client, at, acme, field, value
):
    answer = payer_client.post(at, LOGIN | {field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.text
    assert saved(acme, LoginSecurity) is None
    assert not audited(acme)


def test_given_custom_policy_when_saved_and_switched_off_then_kept_but_not_in_force(payer_client, at, acme):
    assert payer_client.post(at, POLICY).url == at
    with organization_scope(acme.pk):
        rules = read_password_rules()
    assert (rules.minimum, rules.maximum, rules.run, rules.reuse, rules.may_extend) == (12, 15, 0, 3, False)
    assert sorted(kind.value for kind in rules.classes) == ["digit", "upper"]
    assert rules.expires_after.days == 30
    assert rules.at_sign_in
    # when
    assert payer_client.post(at, {"part": "password", "is_custom": "False", "minimum": "99"}).url == at
    # then
    with organization_scope(acme.pk):
        assert read_password_rules().minimum == 8
    assert saved(acme, PasswordPolicy).minimum == 12
    assert [action for action, _ in audited(acme)] == ["organizations.password_policy_saved"] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("minimum", "7"), ("minimum", "16"), ("reuse", "4"), ("expiry_days", "0"), ("starts", "soon"), ("is_custom", "x")],
)
def test_given_policy_out_of_range_when_saved_then_422_and_nothing_changed(payer_client, at, acme, field, value):
    assert payer_client.post(at, POLICY | {field: value}).status_code == 422
    assert saved(acme, PasswordPolicy) is None


def test_given_list_without_the_editors_ip_when_saved_then_asked_once_more(payer_client, at, acme):
    sent = {"part": "ip", "is_on": "on", "addresses": "10.0.0.0/8"}
    refused = payer_client.post(at, sent)
    assert refused.status_code == 422
    assert "지금 접속한 IP가 목록에 없습니다." in refused.text
    assert 'name="confirmed"' in refused.text
    assert saved(acme, LoginSecurity) is None
    assert payer_client.post(at, sent | {"confirmed": "on"}).url == at
    assert saved(acme, LoginSecurity).addresses == ["10.0.0.0/8"]
    assert payer_client.get(at).url.startswith("/me/confirm/")  # the creator's way back
    ((action, facts),) = audited(acme)
    assert action == "organizations.ip_acl_saved"
    assert facts["changed"] == {"limits_addresses": [False, True], "addresses": [[], ["10.0.0.0/8"]]}


def test_given_list_with_the_editors_ip_when_saved_then_saved(payer_client, at, acme):
    assert payer_client.post(at, {"part": "ip", "is_on": "on", "addresses": "127.0.0.1/24\n::1"}).url == at
    assert saved(acme, LoginSecurity).limits_addresses


@pytest.mark.parametrize(("addresses", "sentence"), [("", "하나 이상"), ("10.0.0.0/99", "IP 주소나 대역이 아닙니다")])
def test_given_bad_list_when_saved_then_said_at_the_field_and_nothing_changed(
    payer_client, at, acme, addresses, sentence
):
    answer = payer_client.post(at, {"part": "ip", "is_on": "on", "addresses": addresses, "confirmed": "on"})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert saved(acme, LoginSecurity) is None


@pytest.mark.parametrize("sent", [LOGIN, POLICY, {"part": "ip"}])
def test_given_another_creators_organization_when_saved_then_404_and_nothing_changed(payer_client, beta, sent):
    assert payer_client.post(f"/console/{beta.public_id}/governance/", sent).status_code == 404
    assert saved(beta, LoginSecurity) is None
    assert saved(beta, PasswordPolicy) is None


FACTOR = {
    "part": "factor",
    "factor-factor": "totp",
    "factor-has_exceptions": "on",
    "factor-addresses": "1.1.1.1/24\n2001:db8::/32",
}


def test_given_second_factor_when_saved_then_kept_shown_and_audited_A42(payer_client, at, acme):
    assert payer_client.post(at, FACTOR).url == at
    row = saved(acme, LoginSecurity)
    assert (row.second_factor, row.excepts_addresses) == ("totp", True)
    assert row.excepted_addresses == ["1.1.1.1/24", "2001:db8::/32"]
    assert (row.limits_addresses, row.addresses) == (False, [])
    assert "1.1.1.1/24" in payer_client.get(at).text
    (entry,) = audited(acme)
    assert entry[0] == "organizations.second_factor_saved"
    assert entry[1]["changed"]["second_factor"] == ["none", "totp"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"factor-factor": "sms"},
        {"factor-addresses": ""},
        {"factor-addresses": "1.1.1.300"},
        {"factor-addresses": "\n".join(f"10.0.{number}.1" for number in range(101))},
    ],
)
def test_given_second_factor_that_cannot_be_when_saved_then_refused_and_nothing_kept(payer_client, at, acme, wrong):
    assert payer_client.post(at, FACTOR | wrong).status_code == 422
    assert saved(acme, LoginSecurity) is None
    assert audited(acme) == []
