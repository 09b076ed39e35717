"""Remote login, POST method (spec 20, section 8): the company hands us the signed data of its member.

From the client side the member's browser posts a form and gets a session; from the server side the company's server
calls and gets an access token for the browser. Nothing here waits for anybody: the company is not asked.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError, NotFound, PermissionRefused, TooManyAttempts
from daedap.core.scoping import service_scope
from daedap.members import logins, sessions
from daedap.members.models import IntegrationSettings, LoginType, Member
from daedap.members.reasons import RETURN_NOT_ALLOWED
from daedap.members.remote import access_tokens, binding
from daedap.members.return_urls import allowed_target, own_page
from daedap.members.selectors import get_integration
from daedap.members.tokens import (
    POST_REQUIRED,
    REMOTE_LIFETIME_MS,
    Reason,
    TokenRefused,
    VerifiedClaims,
    check,
    read_entry,
    read_service,
    values_named,
)
from daedap.organizations.keys import lock_keys, note_use, valid_keys
from daedap.organizations.models import Organization
from daedap.services.models import Service, ServiceState, ServiceType
from daedap.services.selectors import get_service

LIFETIME = timedelta(milliseconds=REMOTE_LIFETIME_MS)

TIMED_OUT = _("The request took too long.")
LOGIN_FAILED = _("We could not confirm your membership.")


class RemoteLoginRefused(DaedapError):
    """The data was not accepted. `parameter` names what is malformed, `again` where to try once more; "" for none."""

    def __init__(self, refused: TokenRefused, *, again: str = "") -> None:
        super().__init__(message_of(refused.reason))
        self.reason = refused.reason
        self.parameter = refused.parameter
        self.again = again


def message_of(reason: Reason) -> str | Promise:
    """Return what a visitor may know of a refusal: that it took too long, or that it failed."""
    return TIMED_OUT if reason in (Reason.EXPIRED, Reason.FUTURE) else LOGIN_FAILED


@dataclass(frozen=True, kw_only=True, repr=False)
class RemoteCall:
    """One request as it came over the wire. `bindings` is the value of the browser's cookie."""

    raw_form: bytes
    ip: str
    bindings: str = ""


@dataclass(frozen=True, repr=False)
class SignedIn:
    """A browser with a new session: the cookie's secret, where to go ("" for nowhere), and the bindings it keeps."""

    service: Service
    secret: str
    target: str
    bindings: str


def find_service(raw_form: bytes) -> Service:
    """Return the service that a form names; raise NotFound, RemoteLoginRefused, or PermissionRefused while paused."""
    try:
        service_id = read_service(raw_form)
    except TokenRefused as refused:
        raise RemoteLoginRefused(refused) from None
    if not (service_id.isascii() and service_id.isalpha()):
        raise NotFound
    service = get_service(service_id)
    if service.type != ServiceType.CONSULTATION or service.state == ServiceState.CREATE:
        raise NotFound
    if service.state == ServiceState.PAUSED:
        raise PermissionRefused
    return service


def log_in_browser(*, organization: Organization, call: RemoteCall) -> SignedIn:
    """Check a form posted by the member's browser and open a session (spec 20, 8.1).

    Raise NotFound, PermissionRefused (integration off, type GET), TooManyAttempts or RemoteLoginRefused.
    """
    service = find_service(call.raw_form)
    with service_scope(organization.pk, service.pk):
        _admit(service, call)
        try:
            return _sign_in(organization, service, call)
        except TokenRefused as refused:
            again = _again(organization, service, call.raw_form)
            raise _refusal(service, call, refused, counted=logins.COUNTED_REASONS, again=again) from None


def issue_access_token(*, organization: Organization, call: RemoteCall) -> str:
    """Check a call of the company's server and return an access token (spec 20, 8.2); raises like `log_in_browser`."""
    service = find_service(call.raw_form)
    with service_scope(organization.pk, service.pk):
        _admit(service, call)
        try:
            return _issue(organization, service, call)
        except TokenRefused as refused:
            # One server calls for all members: what a member typed into a profile must not shut the others out.
            raise _refusal(service, call, refused, counted=frozenset({Reason.HMAC_MISMATCH})) from None


def _admit(service: Service, call: RemoteCall) -> None:
    _require_post(get_integration(service))
    if logins.is_blocked(service=service, ip=call.ip):
        raise TooManyAttempts


def _require_post(integration: IntegrationSettings) -> None:
    if not (integration.enabled and integration.login_type == LoginType.POST):
        raise PermissionRefused


@transaction.atomic
def _sign_in(organization: Organization, service: Service, call: RemoteCall) -> SignedIn:
    integration, verified = _verify(organization, service, call.raw_form, takes_return_url=True)
    wanted = verified.claims.return_url
    bindings = binding.check(service, integration, binding.value_in(wanted), call.bindings)
    member = _accept(service, integration, verified)
    target = allowed_target(wanted, organization, service, integration) if wanted else ""
    secret = sessions.open_session(service=service, member=member, login_type=LoginType.POST)
    remark = "" if target is not None else RETURN_NOT_ALLOWED
    logins.record_login(
        service=service,
        reason=None,
        correlation=verified.correlation,
        login_type=LoginType.POST,
        remark=remark,
        by_old_key=verified.key_index > 0,
    )
    home = f"/{service.service_id}/hc/"
    return SignedIn(service, secret, home if target is None else target, bindings)


@transaction.atomic
def _issue(organization: Organization, service: Service, call: RemoteCall) -> str:
    """The sign-in is on record once the browser comes."""
    integration, verified = _verify(organization, service, call.raw_form, takes_return_url=False)
    member = _accept(service, integration, verified)
    return access_tokens.issue(service=service, member=member)


def _verify(
    organization: Organization, service: Service, raw_form: bytes, *, takes_return_url: bool
) -> tuple[IntegrationSettings, VerifiedClaims]:
    """Do steps 1 to 6 with the settings locked and the Key read anew: a change ends all sessions, and none slips in."""
    entry = read_entry(raw_form, service.service_id, required=POST_REQUIRED, takes_return_url=takes_return_url)
    organization = lock_keys(organization.pk)
    integration = IntegrationSettings.objects.select_for_update(no_key=True).get(service=service)
    _require_post(integration)
    keys = valid_keys(organization)
    verified = check(entry, keys, now_ms=time.time_ns() // 1_000_000, lifetime_ms=REMOTE_LIFETIME_MS)
    note_use(organization, keys[verified.key_index])
    if integration.single_use_token and logins.was_used(verified.token):
        raise TokenRefused(Reason.REPLAYED)
    return integration, verified


def _accept(service: Service, integration: IntegrationSettings, verified: VerifiedClaims) -> Member:
    if integration.single_use_token:
        logins.mark_used(service=service, token=verified.token, lifetime=LIFETIME)
    return logins.upsert_member(service=service, claims=verified.claims)


def _refusal(
    service: Service, call: RemoteCall, refused: TokenRefused, *, counted: frozenset[Reason], again: str = ""
) -> DaedapError:
    """Write a refusal down and return the error to raise. The session of the browser, if any, is left alone.

    Any page of the web can post a bad form; it must not be able to log a member out. The login status does that.
    """
    with transaction.atomic():
        correlation = logins.correlation_of("token", call.raw_form)
        if logins.is_worth_noting(service=service, ip=call.ip, reason=refused.reason):
            logins.record_login(
                service=service, reason=refused.reason, correlation=correlation, login_type=LoginType.POST
            )
        if logins.count_failure(service=service, ip=call.ip, reason=refused.reason, counted=counted):
            return TooManyAttempts()
    return RemoteLoginRefused(refused, again=again)


def _again(organization: Organization, service: Service, raw_form: bytes) -> str:
    """Return the page of this help centre that the form wanted, to try once more from there; else the main page."""
    wanted = next(iter(values_named("returnUrl", raw_form)), "")
    return own_page(wanted, organization, service) or f"/{service.service_id}/hc/"
