"""Domains of organizations: what may become one, and saving it (spec 10, 6.2–6.5)."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.accounts.links import void_links_in
from daedap.accounts.sessions import end_sessions_in
from daedap.audit.actions import record
from daedap.core import events, jobs, limits
from daedap.core.actors import Actor
from daedap.core.crypto import new_key
from daedap.organizations.errors import DomainRefused
from daedap.organizations.models import Organization, RetiredDomain
from daedap.organizations.rows import DOMAIN_TAKEN, lock_organization, require_typed, save_unique

RESERVED = frozenset(
    {"www", "api", "admin", "console", "oc", "mail", "static", "cdn", "support", "help", "status", "login"}
)
SHORTEST, LONGEST = 3, 40
QUARANTINE = timedelta(days=30)
"""How long a domain that was in use stays unavailable to other organizations (spec 10, 6.5)."""

CHANGES_PER_DAY = 10
"""Each change keeps a name from others and mails everybody who has no password yet."""

_DAY = timedelta(days=1)
_CHARACTERS = re.compile(r"[a-z0-9-]+")


def clean_domain(text: str) -> str:
    """Return what is stored and compared: trimmed and lower-cased ASCII."""
    text = text.strip()
    return text.lower() if text.isascii() else text


def broken_rule(domain: str) -> str | Promise | None:
    """Return the sentence for the first rule that the cleaned `domain` breaks, or None, duplicates aside."""
    if not domain:
        return _("Enter a domain.")
    if not _CHARACTERS.fullmatch(domain):
        return _("Use only English letters, digits and hyphens.")
    if not SHORTEST <= len(domain) <= LONGEST:
        return _("Use 3 to 40 characters.")
    if domain.startswith("-"):
        return _("Begin with a letter or a digit.")
    if domain.endswith("-"):
        return _("A hyphen cannot be the last character.")
    if domain.startswith("xn--") or domain in RESERVED:
        return _("This domain cannot be used.")
    return None


def check_domain(domain: str, *, organization: Organization | None = None) -> str | Promise | None:
    """Return why `domain` cannot become the organization's, or None. Only saving decides."""
    domain = clean_domain(domain)
    if reason := broken_rule(domain):
        return reason
    others = Organization.objects.filter(domain=domain)
    retired = RetiredDomain.objects.filter(domain=domain, free_from__gt=timezone.now())
    if organization is not None:
        others = others.exclude(pk=organization.pk)
        retired = retired.exclude(former_owner_id=organization.pk)
    return DOMAIN_TAKEN if others.exists() or retired.exists() else None


@transaction.atomic
def save_domain(*, organization: Organization, domain: str, actor: Actor) -> Organization:
    """Store the domain and, the first time, the organization's Key (spec 10, 6.3 and 6.4).

    Raises DomainRefused; of two organizations at once exactly one gets it, by the unique constraint. Before activation
    the domain may be saved again: the set-up mails that named the old address go out anew. Afterwards it is changed by
    `change_domain` only.
    """
    organization = lock_organization(organization)
    if clean_domain(domain) == organization.domain:
        return organization
    if organization.is_active:
        raise DomainRefused(_("The domain of an organization in use cannot be changed here."))
    return _store(organization, domain, actor=actor)


@transaction.atomic
def change_domain(*, organization: Organization, domain: str, typed: str, actor: Actor) -> Organization:
    """Give an organization in use another address (spec 10, 6.5); `typed` is the old domain, as a confirmation.

    The old host answers 404 at once, every session ends, mailed links die and set-up mails go out anew. The old name
    is kept from others for 30 days. Raises NotTyped or DomainRefused.
    """
    organization = lock_organization(organization)
    require_typed(organization.domain or "", typed)
    if clean_domain(domain) == organization.domain:
        raise DomainRefused(_("This is the present domain."))
    return _store(organization, domain, actor=actor)


def _store(organization: Organization, domain: str, *, actor: Actor) -> Organization:
    was, domain = organization.domain, clean_domain(domain)
    if reason := broken_rule(domain):
        raise DomainRefused(reason)
    _lock_names(was, domain)
    if reason := check_domain(domain, organization=organization):
        raise DomainRefused(reason)
    if was and limits.count_up("domain.changed", str(organization.pk), window=_DAY) > CHANGES_PER_DAY:
        raise DomainRefused(_("The domain was changed too often today. Please try again tomorrow."))
    organization.domain = domain
    if not organization.key:
        organization.key, organization.key_changed_at = new_key(), timezone.now()
    save_unique(organization, fields=["domain", "key", "key_changed_at"])
    RetiredDomain.objects.filter(domain=domain).delete()
    if was and organization.has_been_active:
        _retire(was, organization)
    record(
        "organizations.domain_saved",
        actor=actor,
        organization_id=organization.pk,
        target=organization.public_id,
        was=was or "",
        now=domain,
    )
    if was:
        end_sessions_in(organization.public_id)
        void_links_in(organization.public_id)
        jobs.defer("organizations.mail_set_up", organization_id=organization.pk)
    events.publish("organizations.domain_saved", organization_id=organization.pk)
    return organization


def release_domain(organization: Organization) -> None:
    """Take the domain off a locked organization, which the caller saves; one that was in use is quarantined."""
    if organization.domain and organization.has_been_active:
        _lock_names(organization.domain)
        _retire(organization.domain, organization)
    organization.domain = None


def forget_free_domains() -> None:
    """Delete the quarantine of domains that anybody may have again."""
    RetiredDomain.objects.filter(free_from__lte=timezone.now()).delete()


def _retire(domain: str, organization: Organization) -> None:
    facts = {"former_owner_id": organization.pk, "free_from": timezone.now() + QUARANTINE}
    RetiredDomain.objects.update_or_create(domain=domain, defaults=facts)


def _lock_names(*names: str | None) -> None:
    """Let those who give a name up and who take it follow one another: the quarantine is written in between."""
    with connection.cursor() as cursor:
        for name in sorted({name for name in names if name}):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"domain:{name}"])
