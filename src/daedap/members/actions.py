"""Changes of member integration settings (spec 20, section 2)."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass, field

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError
from daedap.core.events import publish
from daedap.core.outbound import UrlRefused, check_url
from daedap.members.models import IntegrationSettings, LoginType
from daedap.members.sessions import end_all_sessions
from daedap.members.verification import outbound_policy
from daedap.services.models import Service

REQUIRED_URLS: dict[LoginType, dict[str, tuple[str, ...]]] = {
    LoginType.GET: {"token_verification_url": ("usercode", "token")},
    LoginType.POST: {"login_url": ("returnUrl",), "login_status_url": ()},
}
"""The addresses each login type needs, with the parameters we append and they must not hold (spec 20, 2.1)."""

OWN_CHOICES: dict[LoginType, tuple[str, ...]] = {
    LoginType.GET: ("token_lifetime_minutes",),
    LoginType.POST: ("parameter_rows", "return_domains", "demands_binding"),
}
"""What else is shown for one login type only."""

LIFETIME_LIMIT = 1440
ROWS_LIMIT = 10
DOMAINS_LIMIT = 20
LOCATIONS = ("header", "query")
ROW_NAMES = ("usercode", "username", "email", "phone", "memberno")

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}(:|\Z)){_LABEL}(\.{_LABEL})*(:[1-9][0-9]{{0,4}})?")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What an administrator chose. What does not belong to the chosen type is ignored (spec 20, 2.4)."""

    enabled: bool
    guest_enquiries: bool = True
    login_type: LoginType = LoginType.POST
    token_verification_url: str = ""
    login_url: str = ""
    login_status_url: str = ""
    token_lifetime_minutes: int | None = 5
    single_use_token: bool = False
    parameter_rows: list[list[str]] = field(default_factory=list)
    """`[location, name]` each: what is sent back to the login-status URL (spec 20, 2.2)."""
    return_domains: list[str] = field(default_factory=list)
    """Host names, lower case, with a port where it is not the usual one."""
    demands_binding: bool = False
    frame_origins: list[str] = field(default_factory=list)
    """Whose pages may hold the help centre in a frame: `https://www.example.com`, with a port where needed."""


@transaction.atomic
def save_integration(*, service: Service, choices: Choices, actor: Actor) -> int:
    """Save the settings, which take effect at once, and return how many member sessions that ended.

    Only what the choices show is changed: nothing but the switch while disabled, nothing of the other login type.
    Sessions end when the type is switched, integration is disabled or the verification URL changes (spec 20, 2.4).
    The caller has checked that the addresses lead to public servers, which takes a look-up.
    """
    Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service.pk)
    integration = IntegrationSettings.objects.select_for_update(of=("self",), no_key=True).first()
    integration = integration or IntegrationSettings(organization_id=service.organization_id, service=service)
    check_choices(choices)
    changed = _apply(integration, choices)
    if not changed and integration.pk:
        return 0
    integration.save()
    ended = 0
    if {"login_type", "token_verification_url"} & set(changed) or ("enabled" in changed and not choices.enabled):
        ended = end_all_sessions(service, cause="settings changed")
    ids = {"organization_id": service.organization_id, "service_id": service.pk}
    record(
        "members.settings_changed",
        actor=actor,
        **ids,
        target=str(service),
        changed=changed,
        enabled=integration.enabled,
        login_type=integration.login_type,
        sessions_ended=ended,
    )
    publish("members.settings_changed", **ids)
    logger.info("member.settings.change", extra={"service_pk": service.pk, "changed": changed})
    return ended


def check_choices(choices: Choices) -> None:
    """Raise DaedapError, naming the field, if what the chosen type needs is missing or not well-formed."""
    if not choices.enabled:
        return
    for name, appended in REQUIRED_URLS[choices.login_type].items():
        address = getattr(choices, name)
        if not address:
            raise DaedapError(_("Enter an address."), field=name)
        try:
            check_url(address, outbound_policy(), appended)
        except UrlRefused as refused:
            raise DaedapError(str(refused), field=name) from refused
    check_frame_origins(choices.frame_origins)
    if choices.login_type == LoginType.GET:
        minutes = choices.token_lifetime_minutes
        if minutes is not None and not 1 <= minutes <= LIFETIME_LIMIT:
            raise DaedapError(_("Enter a number from 1 to 1440."), field="token_lifetime_minutes")
    else:
        check_rows(choices.parameter_rows)
        check_domains(choices.return_domains)


def check_rows(rows: list[list[str]]) -> None:
    """Raise DaedapError unless these are parameter rows as spec 20, 2.2 allows them."""
    if any(location not in LOCATIONS or name not in ROW_NAMES for location, name in rows):
        raise DaedapError(_("Choose a location and a parameter."), field="parameter_rows")
    if len({tuple(row) for row in rows}) != len(rows):
        raise DaedapError(
            _("The same parameter is there twice in one location. Remove one of them."), field="parameter_rows"
        )
    if len(rows) > ROWS_LIMIT:
        raise DaedapError(_("At most 10 parameters can be sent."), field="parameter_rows")


def _is_host(text: str) -> bool:
    """Tell whether this is a host name, with a port or without: browsers refuse origins with a port that is none."""
    return _DOMAIN.fullmatch(text) is not None and int(text.partition(":")[2] or 0) <= 65535


def check_domains(domains: list[str]) -> None:
    """Raise DaedapError unless these are host names."""
    if len(domains) > DOMAINS_LIMIT:
        raise DaedapError(_("Enter at most 20 domains."), field="return_domains")
    for domain in domains:
        if not _is_host(domain):
            text = _("Enter host names only, such as www.example.com, one on each line.")
            raise DaedapError(text, field="return_domains")


def check_frame_origins(origins: list[str]) -> None:
    """Raise DaedapError unless these are origins: https and a host name (http too where the installation allows it)."""
    if len(origins) > DOMAINS_LIMIT:
        raise DaedapError(_("Enter at most 20 domains."), field="frame_origins")
    schemes = ("https", "http") if outbound_policy().allow_http else ("https",)
    for origin in origins:
        scheme, _separator, host = origin.partition("://")
        if scheme not in schemes or not _is_host(host):
            text = _("Enter https and host names only, such as https://www.example.com, one on each line.")
            raise DaedapError(text, field="frame_origins")


def _apply(integration: IntegrationSettings, choices: Choices) -> list[str]:
    """Put the shown choices into the row and return the names of those that differ."""
    shown = {"enabled"}
    if choices.enabled:
        shown |= {"guest_enquiries", "login_type", "single_use_token", "frame_origins"}
        shown |= {*REQUIRED_URLS[choices.login_type], *OWN_CHOICES[choices.login_type]}
    changed = [name for name, value in asdict(choices).items() if name in shown and getattr(integration, name) != value]
    for name in changed:
        setattr(integration, name, getattr(choices, name))
    return sorted(changed)
