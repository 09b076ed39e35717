"""Login security, password policy and IP ACL of the open organization (spec 10, 4.3 and 4.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import SecondFactor
from daedap.accounts.passwords import IAM_DEFAULT, Characters
from daedap.accounts.passwords import PasswordPolicy as Rules
from daedap.accounts.policies import SessionPolicy, SignInPolicy
from daedap.accounts.second_step import Step
from daedap.audit.actions import record
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError
from daedap.core.scoping import open_scope
from daedap.organizations.models import (
    LoginSecurity,
    Organization,
    OrganizationOwned,
    PasswordPolicy,
    PolicyStart,
    SessionType,
)
from daedap.organizations.networks import AddressesRefused, clean_addresses, is_listed

Row = TypeVar("Row", LoginSecurity, PasswordPolicy)

LOGIN_FACTS = (
    "limits_attempts",
    "max_attempts",
    "lock_minutes",
    "sessions_at_once",
    "minutes_pc",
    "minutes_mobile",
    "session_type",
)
PASSWORD_FACTS = (
    "is_custom",
    "minimum",
    "needs_upper",
    "needs_lower",
    "needs_digit",
    "needs_special",
    "refuses_runs",
    "expires",
    "expiry_days",
    "may_extend",
    "reuse",
    "starts",
)


_STEPS = {SecondFactor.NONE: None, SecondFactor.TOTP: Step.OTP, SecondFactor.EMAIL: Step.APPROVAL}


class SettingRefused(DaedapError):
    """A value lies outside what is allowed; nothing was changed."""


class OwnAddressMissing(DaedapError):
    """The list leaves out the address of whoever saves it, who has not said that this is meant; nothing was changed."""

    field = "confirmed"
    message = _("Your own IP is not in the list. Tick this to save the list all the same.")


# --- Reads ---------------------------------------------------------------------------------------


def get_login_security() -> LoginSecurity:
    """Return the open organization's settings; a row that is not saved, with the defaults, if it never chose."""
    return LoginSecurity.objects.first() or LoginSecurity(organization_id=open_scope().organization_id)


def get_own_policy() -> PasswordPolicy:
    """Return the open organization's own password policy, which may be switched off, or one with the defaults."""
    return PasswordPolicy.objects.first() or PasswordPolicy(organization_id=open_scope().organization_id)


def read_password_rules() -> Rules:
    """Return the password rules in force in the open organization."""
    own = get_own_policy()
    if not own.is_custom:
        return IAM_DEFAULT
    wanted = {
        Characters.UPPER: own.needs_upper,
        Characters.LOWER: own.needs_lower,
        Characters.DIGIT: own.needs_digit,
        Characters.SPECIAL: own.needs_special,
    }
    return Rules(
        minimum=own.minimum,
        maximum=IAM_DEFAULT.maximum,
        run=IAM_DEFAULT.run if own.refuses_runs else 0,
        reuse=own.reuse,
        classes=frozenset(kind for kind, is_wanted in wanted.items() if is_wanted),
        expires_after=timedelta(days=own.expiry_days) if own.expires else None,
        may_extend=own.may_extend,
        at_sign_in=own.starts == PolicyStart.AT_SIGN_IN,
    )


def read_sign_in_policy() -> SignInPolicy:
    """Return what holds at a sign-in to the open organization."""
    chosen = get_login_security()
    return SignInPolicy(
        max_failures=chosen.max_attempts if chosen.limits_attempts else None,
        lock=timedelta(minutes=chosen.lock_minutes),
        sessions=SessionPolicy(
            at_once=chosen.sessions_at_once,
            life_pc=timedelta(minutes=chosen.minutes_pc),
            life_mobile=timedelta(minutes=chosen.minutes_mobile),
            is_fixed=chosen.session_type == SessionType.FIXED,
        ),
        password=read_password_rules(),
    )


def find_step(ip: str) -> Step | None:
    """Return what the open organization asks for besides the password of somebody who comes from `ip` (A42)."""
    chosen = get_login_security()
    if chosen.excepts_addresses and is_listed(ip, chosen.excepted_addresses):
        return None
    return _STEPS[SecondFactor(chosen.second_factor)]


def shuts_out(ip: str) -> bool:
    """Whether the open organization's IP ACL keeps this address out."""
    chosen = LoginSecurity.objects.filter(limits_addresses=True).first()
    return chosen is not None and not is_listed(ip, chosen.addresses)


# --- Changes -------------------------------------------------------------------------------------


@transaction.atomic
def save_login_security(*, organization: Organization, facts: dict[str, Any], actor: Actor) -> None:
    """Save those of LOGIN_FACTS that `facts` names; they hold from each member's next sign-in. Raise SettingRefused."""
    row = _lock(LoginSecurity, organization)
    _save(row, {name: facts[name] for name in LOGIN_FACTS if name in facts}, "login_security_saved", actor)


@transaction.atomic
def save_password_policy(*, organization: Organization, facts: dict[str, Any], actor: Actor) -> None:
    """Save those of PASSWORD_FACTS that `facts` names. Raise SettingRefused."""
    row = _lock(PasswordPolicy, organization)
    _save(row, {name: facts[name] for name in PASSWORD_FACTS if name in facts}, "password_policy_saved", actor)


@transaction.atomic
def save_ip_acl(*, organization: Organization, is_on: bool, text: str, confirmed: bool, actor: Actor) -> None:
    """Save from where staff may come; it holds from the next request (A46).

    Raise AddressesRefused, or OwnAddressMissing if it would shut out the actor's own address and they did not confirm.
    """
    row = _lock(LoginSecurity, organization)
    addresses = clean_addresses(text)
    if is_on and not addresses:
        raise AddressesRefused(_("Enter at least one IP address or range."))
    if is_on and not confirmed and not is_listed(actor.ip, addresses):
        raise OwnAddressMissing
    _save(row, {"limits_addresses": is_on, "addresses": addresses}, "ip_acl_saved", actor)


@transaction.atomic
def save_second_factor(
    *, organization: Organization, factor: SecondFactor, has_exceptions: bool, text: str, actor: Actor
) -> None:
    """Save the second factor and from where none is asked for; it holds from each member's next sign-in.

    Raise AddressesRefused.
    """
    row = _lock(LoginSecurity, organization)
    addresses = clean_addresses(text)
    if has_exceptions and not addresses:
        raise AddressesRefused(_("Enter at least one IP address or range."))
    facts = {"second_factor": factor, "excepts_addresses": has_exceptions, "excepted_addresses": addresses}
    _save(row, facts, "second_factor_saved", actor)


def _lock(model: type[Row], organization: Organization) -> Row:
    Organization.objects.select_for_update(of=("self",), no_key=True).get(pk=organization.pk)
    found: Row | None = model._base_manager.filter(organization=organization).first()  # noqa: SLF001  locked above
    return found or model(organization=organization)


def _save(row: Row, facts: dict[str, Any], action: str, actor: Actor) -> None:
    changed = {name: [getattr(row, name), value] for name, value in facts.items() if getattr(row, name) != value}
    for name, value in facts.items():
        setattr(row, name, value)
    try:
        row.clean_fields(exclude=["organization"])
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        raise SettingRefused(sentences[0], field=name) from error
    row.save()
    owner: OrganizationOwned = row
    record(
        f"organizations.{action}",
        actor=actor,
        organization_id=owner.organization_id,
        target=owner.organization.public_id,
        changed=changed,
    )
