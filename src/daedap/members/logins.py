"""Writing what a sign-in leaves behind: the member, the used token, the event (spec 20, 6.7, 6.10, 6.11, 13.1)."""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from daedap.audit.actions import record
from daedap.core import limits
from daedap.core.actors import SYSTEM
from daedap.members.models import IntegrationSettings, LoginEvent, LoginType, Member, UsedToken
from daedap.members.tokens import MemberClaims, Reason, TokenRefused, is_blank, parse_token, token_id, values_named
from daedap.services.models import Service

GRACE = timedelta(seconds=60)
KEPT_WITHOUT_LIMIT = timedelta(hours=24)

FAILURES_ALLOWED = 20
FAILURE_WINDOW = timedelta(minutes=5)
BLOCKED_FOR = timedelta(minutes=5)
FAILURES_NOTED = 100
"""From one address to one service within the window. What comes after is a flood: it must not fill the table."""
COUNTED_REASONS = frozenset(
    {
        Reason.BAD_ENCODING,
        Reason.DUP_PARAM,
        Reason.MISSING_PARAM,
        Reason.BAD_LENGTH,
        Reason.BAD_CHAR,
        Reason.BAD_TIME,
        Reason.BAD_TOKEN_FORMAT,
        Reason.HMAC_MISMATCH,
    }
)
SECURITY_REASONS = frozenset(
    {Reason.VERIFY_USERCODE_MISMATCH, Reason.REPLAYED, Reason.HMAC_MISMATCH, Reason.BINDING_MISMATCH}
)

BURST = 10
BURST_RECORDED = "members.login_burst"
"""The audit log's word for it."""
BURST_WINDOW = timedelta(minutes=5)
"""So many failures of one of the SECURITY_REASONS at one service in this time are an event of their own (13.1)."""

logger = logging.getLogger(__name__)


# --- the member --------------------------------------------------------------------------------------------------


def upsert_member(*, service: Service, claims: MemberClaims) -> Member:
    """Give the member (service, usercode) the delivered contact data, in one statement; what was not delivered stays.

    Return the member with its row number; of the other fields only what was delivered is at hand.
    """
    delivered = _contact_data(claims) | {"last_seen_at": timezone.now()}
    member = Member(organization_id=service.organization_id, service=service, usercode=claims.usercode, **delivered)
    Member.objects.bulk_create(
        [member], update_conflicts=True, unique_fields=["service", "usercode"], update_fields=list(delivered)
    )
    return member


def _contact_data(claims: MemberClaims) -> dict[str, object]:
    """Return the non-blank values for display. An e-mail that is none is left out, and the login goes on."""
    limit = 50
    found: dict[str, object] = {}
    for name, value in (("username", claims.username), ("phone", claims.phone), ("memberno", claims.memberno)):
        if not is_blank(value):
            shown = unicodedata.normalize("NFC", value)
            found[name] = shown if len(shown) <= limit else value  # some letters get longer by NFC
    try:
        validate_email(claims.email)
        found["email"] = claims.email
    except ValidationError:
        pass
    return found


# --- single use --------------------------------------------------------------------------------------------------


def was_used(token: bytes) -> bool:
    """Tell whether the token was accepted in the open service and is still remembered."""
    return UsedToken.objects.filter(token_hash=token_id(token), expires_at__gt=timezone.now()).exists()


def mark_used(*, service: Service, token: bytes, lifetime: timedelta | None) -> None:
    """Remember the token as accepted; raise `replayed` if it is already, also by somebody at the same moment."""
    now = timezone.now()
    UsedToken.objects.filter(token_hash=token_id(token), expires_at__lte=now).delete()
    try:
        with transaction.atomic():
            UsedToken.objects.create(
                organization_id=service.organization_id,
                service=service,
                token_hash=token_id(token),
                expires_at=now + (KEPT_WITHOUT_LIMIT if lifetime is None else lifetime + GRACE),
            )
    except IntegrityError:
        raise TokenRefused(Reason.REPLAYED) from None


def token_lifetime(integration: IntegrationSettings) -> timedelta | None:
    """Return how long a GET token may be presented; None for no limit."""
    minutes = integration.token_lifetime_minutes
    return None if minutes is None else timedelta(minutes=minutes)


# --- events and limits -------------------------------------------------------------------------------------------


def record_login(
    *,
    service: Service,
    reason: Reason | None,
    correlation: str,
    login_type: LoginType,
    remark: str = "",
    by_old_key: bool = False,
) -> None:
    """Write down how a sign-in ended, for the settings screen and the log; no personal data.

    `reason` says why it failed, None that it did not; a success may have a `remark`. `by_old_key` says that the old
    organization Key signed it, which a company should see before it runs out.
    """
    LoginEvent.objects.create(
        organization_id=service.organization_id,
        service=service,
        ok=reason is None,
        reason=reason.value if reason else remark,
        login_type=login_type,
        correlation=correlation,
        by_old_key=by_old_key,
    )
    facts = {
        "service_pk": service.pk,
        "login_type": login_type.value,
        "correlation": correlation,
        "by_old_key": by_old_key,
    }
    if reason is None:
        logger.info("member.login.ok", extra=facts | {"remark": remark})
    else:
        level = logging.WARNING if reason in SECURITY_REASONS else logging.INFO
        security = reason in SECURITY_REASONS
        logger.log(level, "member.login.fail", extra=facts | {"reason": reason.value, "security": security})
        if security:
            _watch_for_burst(service, reason)


def _watch_for_burst(service: Service, reason: Reason) -> None:
    """Count a failure that smells of an attack; the tenth in five minutes is recorded and logged, once."""
    if limits.count_up("members.security_burst", f"{service.pk}:{reason.value}", window=BURST_WINDOW) != BURST:
        return
    ids = {"organization_id": service.organization_id, "service_id": service.pk}
    record(BURST_RECORDED, actor=SYSTEM, **ids, target=str(service), reason=reason.value, count=BURST)
    facts = {"service_pk": service.pk, "reason": reason.value, "security": True, "count": BURST}
    logger.warning("member.security.burst", extra=facts)


def correlation_of(name: str, raw_query: bytes) -> str:
    """Return eight digits by which logs may name what the parameter `name` brought as a token; "" if nothing (§12)."""
    text = next(iter(values_named(name, raw_query)), "")
    if not text:
        return ""
    try:
        return token_id(parse_token(text))[:8]
    except TokenRefused:
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def is_worth_noting(*, service: Service, ip: str, reason: Reason) -> bool:
    """Count one more failure and tell whether it is to be recorded (`FAILURES_NOTED`).

    What smells of an attack always is: it needs a signature or is blocked soon, and nothing else must drown it.
    """
    if reason in SECURITY_REASONS:
        return True
    return limits.count_up("members.failure_noted", _who(service, ip), window=FAILURE_WINDOW) <= FAILURES_NOTED


def record_undone(*, service: Service, ip: str, reason: Reason) -> None:
    """Write down that the company's login status took back a sign-in at once, as far as it is worth noting."""
    if is_worth_noting(service=service, ip=ip, reason=reason):
        record_login(service=service, reason=reason, correlation="", login_type=LoginType.POST)


def is_blocked(*, service: Service, ip: str) -> bool:
    """Tell whether this address has presented too many bad tokens to this service (spec 20, 6.11)."""
    return limits.current_count("members.entry_blocked", _who(service, ip), window=BLOCKED_FOR) > 0


def count_failure(*, service: Service, ip: str, reason: Reason, counted: frozenset[Reason] = COUNTED_REASONS) -> bool:
    """Count a failure that only guessing or a mistake explains; say whether the address is blocked now."""
    if reason not in counted:
        return False
    who = _who(service, ip)
    if limits.count_up("members.entry_failed", who, window=FAILURE_WINDOW) <= FAILURES_ALLOWED:
        return False
    limits.count_up("members.entry_blocked", who, window=BLOCKED_FOR)
    limits.reset("members.entry_failed", who)
    return True


def _who(service: Service, ip: str) -> str:
    return f"{service.pk}:{limits.origin(ip)}"
