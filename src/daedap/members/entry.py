"""Entry into a help centre by a link: with a member token (GET; spec 20, section 6) or an access token (POST; 8.5).

`enter` is an endpoint of the edge (config/edge.py). Database work is short and runs in threads; while the company's
verification URL is asked, neither a thread nor a database connection is held. The answer is a redirect without a body
that has the token no more, whatever happened: a visitor who could not be confirmed goes on as a guest. An unknown
service, a suspended one, plain http and a blocked address get a page instead.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from http.cookies import SimpleCookie

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from starlette.requests import Request
from starlette.responses import Response

from daedap.core.errors import NotFound
from daedap.core.hosts import read_host
from daedap.core.scoping import organization_scope, service_scope
from daedap.core.threads import in_thread, in_turn
from daedap.members import frame_cookies, frames, logins, notices, sessions, verification
from daedap.members.models import IntegrationSettings, LoginType
from daedap.members.remote import access_tokens, binding, trips
from daedap.members.return_urls import own_page
from daedap.members.selectors import get_integration
from daedap.members.tokens import (
    Reason,
    TokenRefused,
    VerifiedClaims,
    check,
    read_entry,
    values_named,
)
from daedap.members.visits import Visit, blocked, page, redirect
from daedap.organizations.keys import lock_keys, note_use, valid_keys
from daedap.organizations.models import Organization
from daedap.organizations.selectors import find_organization_by_domain
from daedap.services.models import Service, ServiceState, ServiceType
from daedap.services.selectors import get_service

_TOKEN_NAMES = {LoginType.GET: "token", LoginType.POST: "accessToken"}

INSECURE = _("This link works over https only.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Attempt:
    """A token whose HMAC is right; the company is still to be asked."""

    organization: Organization
    service: Service
    verification_url: str
    verified: VerifiedClaims
    key: str  # the organization Key that signed

    @property
    def by_old_key(self) -> bool:
        return self.verified.key_index > 0

    @property
    def question(self) -> verification.Question:
        return verification.Question(
            self.service.pk, self.verification_url, self.verified.claims.usercode, self.verified.token_text
        )


# --- the endpoint ------------------------------------------------------------------------------------------------


async def enter(request: Request) -> Response:
    """Answer a GET with a token: a member's session or not, and the clean address."""
    visit = Visit.of(request)
    response = await _answer(visit)
    _set_frame_cookies(request, visit, response)
    return response


def stranded(request: Request) -> Response:
    """Answer a visitor whom nobody could check, without asking anybody: never fail open (spec 20, 6.9)."""
    visit = Visit.of(request)
    response = _strand(visit)
    _set_frame_cookies(request, visit, response)
    return response


async def _answer(visit: Visit) -> Response:
    try:
        found = await in_turn(visit.party, _look, visit)
        if isinstance(found, Response):
            return found
        refusal = await verification.ask(found.question)
        return await in_thread(visit.party, _finish, visit, found, refusal)
    except TimeoutError:
        logger.warning("too many entries at once: one waited in vain")
    except Exception:
        logger.exception("entry failed")
    return _strand(visit)


def _strand(visit: Visit) -> Response:
    """Send the visitor on as a guest; whoever was signed in here is not any more."""
    response = redirect(_guest_address(visit, visit.service_id))
    service = Service(service_id=visit.service_id)  # nothing else of it is known here, nor needed
    notices.leave(response, service, notices.LOGIN_FAILED)
    sessions.remove_session_cookie(response, service)
    return response


def _guest_address(visit: Visit, service_id: str) -> str:
    """Return where a failed entry leads: the same page, or the form instead of the list (spec 20, 5.3)."""
    return visit.clean_address(service_id, "hc/ticket/" if visit.is_list else None)


def _set_frame_cookies(request: Request, visit: Visit, response: Response) -> None:
    """Set what a frame on another site keeps beside the cookies of the response (members/frame_cookies.py)."""
    in_frame = frames.is_frame_request(
        request.headers, marked=visit.is_marked, has_frame_cookies=frame_cookies.has_twins(request.cookies)
    )
    headers = response.headers.getlist("set-cookie")
    cookies = [cookie for header in headers for cookie in SimpleCookie(header).values()]
    for twin in frame_cookies.twins(cookies, service_id=visit.service_id, brought=request.cookies, in_frame=in_frame):
        response.headers.append("set-cookie", twin.OutputString())


def _look(visit: Visit) -> Response | Attempt:
    """Do all that needs no waiting: steps 1 to 6."""
    site, domain = read_host(visit.host) or ("", "")
    organization = find_organization_by_domain(domain) if site == "organization" else None
    if organization is None or not organization.is_active:
        return page(visit, "errors/404.html", HTTPStatus.NOT_FOUND)
    with organization_scope(organization.pk):
        try:
            service = _help_centre_service(visit.service_id)
        except NotFound:
            return page(visit, "errors/404.html", HTTPStatus.NOT_FOUND, organization)
        if service.state == ServiceState.PAUSED:
            return page(visit, "services/paused.html", HTTPStatus.SERVICE_UNAVAILABLE, organization, service=service)
    with service_scope(organization.pk, service.pk):
        return _look_in_service(visit, organization, service)


def _help_centre_service(service_id: str) -> Service:
    service = get_service(service_id)
    if service.type != ServiceType.CONSULTATION or service.state == ServiceState.CREATE:
        raise NotFound
    return service


def _look_in_service(visit: Visit, organization: Organization, service: Service) -> Response | Attempt:
    if settings.SECURE and not visit.is_secure:
        return page(visit, "errors/400.html", HTTPStatus.FORBIDDEN, organization, message=INSECURE)
    integration = get_integration(service)
    brings = values_named(_TOKEN_NAMES[LoginType(integration.login_type)], visit.raw_query)
    if visit.is_only_peeking or not integration.enabled or not brings:
        return redirect(visit.clean_address(service.service_id))
    if integration.login_type == LoginType.POST:
        return _redeem(visit, organization, service)
    if logins.is_blocked(service=service, ip=visit.ip):
        return blocked(visit, organization, service, integration)
    keys = valid_keys(organization)
    try:
        verified = _check(visit, keys, service, integration)
    except TokenRefused as refused:
        return _refuse(visit, organization, service, refused.reason)
    key = keys[verified.key_index]
    note_use(organization, key)
    return Attempt(organization, service, integration.token_verification_url, verified, key)


def _redeem(visit: Visit, organization: Organization, service: Service) -> Response:
    """Use up the access token that the company's server got for this visitor (spec 20, 8.5)."""
    try:
        secret, bindings = _sign_in_by_access_token(visit, organization, service)
    except TokenRefused as refused:
        return _refuse(visit, organization, service, refused.reason, LoginType.POST)
    response = _welcome(service, secret, visit.clean_address(service.service_id))
    trips.forget(response, service)
    binding.set_cookie(response, bindings)
    return response


@transaction.atomic
def _sign_in_by_access_token(visit: Visit, organization: Organization, service: Service) -> tuple[str, str]:
    """Return the session cookie's new value, and the binding cookie's."""
    organization = lock_keys(organization.pk)
    integration = IntegrationSettings.objects.select_for_update(no_key=True).get(service=service)
    if not integration.enabled or integration.login_type != LoginType.POST:
        raise TokenRefused(Reason.NOT_CONFIGURED)
    bindings = binding.check(service, integration, binding.value_in_query(visit.raw_query), visit.bindings)
    text = ",".join(values_named("accessToken", visit.raw_query))  # two of them are none
    member = access_tokens.redeem(text, organization)
    sessions.end_session_of(visit.secret, cause="new sign-in")
    secret = sessions.open_session(service=service, member=member, login_type=LoginType.POST)
    correlation = logins.correlation_of("accessToken", visit.raw_query)
    logins.record_login(service=service, reason=None, correlation=correlation, login_type=LoginType.POST)
    return secret, bindings


def _check(visit: Visit, keys: list[str], service: Service, integration: IntegrationSettings) -> VerifiedClaims:
    entry = read_entry(visit.raw_query, service.service_id)
    if not integration.token_verification_url:
        raise TokenRefused(Reason.NOT_CONFIGURED)
    lifetime = logins.token_lifetime(integration)
    verified = check(
        entry,
        keys,
        now_ms=time.time_ns() // 1_000_000,
        lifetime_ms=None if lifetime is None else lifetime // timedelta(milliseconds=1),
    )
    if integration.single_use_token and logins.was_used(verified.token):
        raise TokenRefused(Reason.REPLAYED)
    return verified


# --- steps 7 to 9 ------------------------------------------------------------------------------------------------


def _finish(visit: Visit, attempt: Attempt, refusal: Reason | None) -> Response:
    organization, service = attempt.organization, attempt.service
    with service_scope(organization.pk, service.pk):
        try:
            if refusal is not None:
                raise TokenRefused(refusal)
            secret = _sign_in(visit, attempt)
        except TokenRefused as refused:
            reason, by_old_key = refused.reason, attempt.by_old_key
            return _refuse(visit, organization, service, reason, by_old_key=by_old_key, is_guess=False)
    target = own_page(attempt.verified.claims.return_url, organization, service)
    if target and visit.is_marked:
        target = frames.marked(target)
    return _welcome(service, secret, target or visit.clean_address(service.service_id))


def _welcome(service: Service, secret: str, address: str) -> Response:
    response = redirect(address)
    sessions.set_session_cookie(response, service, secret)
    notices.forget(response, service)
    return response


@transaction.atomic
def _sign_in(visit: Visit, attempt: Attempt) -> str:
    """Mark the token, bring the member up to date and replace this browser's session; return the new cookie's value.

    Settings and Key are read again under lock: a switch, a new URL or a new Key while the company was being asked
    ended all sessions, and none may slip in behind it. Nor into a service that was suspended or terminated meanwhile.
    """
    service, verified = attempt.service, attempt.verified
    organization = lock_keys(attempt.organization.pk)
    integration = IntegrationSettings.objects.select_for_update(no_key=True).get(service=service)
    is_open = organization.is_active and Service.objects.filter(pk=service.pk, state=ServiceState.IN_USE).exists()
    is_still_on = is_open and integration.enabled and integration.login_type == LoginType.GET
    if not is_still_on or integration.token_verification_url != attempt.verification_url:
        raise TokenRefused(Reason.NOT_CONFIGURED)
    if attempt.key not in valid_keys(organization):
        raise TokenRefused(Reason.HMAC_MISMATCH)
    if integration.single_use_token:
        logins.mark_used(service=service, token=verified.token, lifetime=logins.token_lifetime(integration))
    member = logins.upsert_member(service=service, claims=verified.claims)
    sessions.end_session_of(visit.secret, cause="new sign-in")
    secret = sessions.open_session(service=service, member=member, login_type=LoginType.GET)
    logins.record_login(
        service=service,
        reason=None,
        correlation=verified.correlation,
        login_type=LoginType.GET,
        by_old_key=attempt.by_old_key,
    )
    return secret


def _refuse(
    visit: Visit,
    organization: Organization,
    service: Service,
    reason: Reason,
    login_type: LoginType = LoginType.GET,
    *,
    by_old_key: bool = False,
    is_guess: bool = True,
) -> Response:
    """End this browser's session and send the visitor on as a guest (spec 20, 6.9).

    Whose signature was right, until the Key changed meanwhile, has not guessed and does not count for a block.
    """
    correlation = logins.correlation_of(_TOKEN_NAMES[login_type], visit.raw_query)
    with transaction.atomic():
        sessions.end_session_of(visit.secret, cause="failed sign-in")
        if logins.is_worth_noting(service=service, ip=visit.ip, reason=reason):
            logins.record_login(
                service=service, reason=reason, correlation=correlation, login_type=login_type, by_old_key=by_old_key
            )
        is_blocked = is_guess and logins.count_failure(service=service, ip=visit.ip, reason=reason)
    if is_blocked:
        response = blocked(visit, organization, service, get_integration(service))
    else:
        response = redirect(_guest_address(visit, service.service_id))
        notices.leave(response, service, notices.LOGIN_FAILED)
    sessions.remove_session_cookie(response, service)
    return response
