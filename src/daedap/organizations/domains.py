"""Domains of organizations: what may become one, and saving it (spec 10, 6.2–6.5)."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.accounts.sessions import end_sessions_in
from daedap.audit.actions import record
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.crypto import new_key
from daedap.organizations.errors import DomainRefused
from daedap.organizations.letters import queue_password_mail
from daedap.organizations.models import Organization
from daedap.organizations.rows import DOMAIN_TAKEN, lock_organization, save_unique
from daedap.organizations.selectors import active_members

RESERVED = frozenset(
    {"www", "api", "admin", "console", "oc", "mail", "static", "cdn", "support", "help", "status", "login"}
)
SHORTEST, LONGEST = 3, 40
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
    if organization is not None:
        others = others.exclude(pk=organization.pk)
    return DOMAIN_TAKEN if others.exists() else None


@transaction.atomic
def save_domain(*, organization: Organization, domain: str, actor: Actor) -> Organization:
    """Store the domain and, the first time, the organization's Key (spec 10, 6.3 and 6.4).

    Raises DomainRefused; of two organizations at once exactly one gets it, by the unique constraint. Before activation
    the domain may be saved again: the set-up mails that named the old address go out anew. Afterwards it is fixed here.
    """
    organization = lock_organization(organization)
    domain = clean_domain(domain)
    if domain == organization.domain:
        return organization
    if organization.is_active:
        raise DomainRefused(_("The domain of an organization in use cannot be changed here."))
    if reason := check_domain(domain, organization=organization):
        raise DomainRefused(reason)
    was, organization.domain = organization.domain, domain
    if not organization.key:
        organization.key, organization.key_changed_at = new_key(), timezone.now()
    save_unique(organization, fields=["domain", "key", "key_changed_at"])
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
        for member in active_members(organization).filter(user__password_set_at=None):
            queue_password_mail(organization, member)
    events.publish("organizations.domain_saved", organization_id=organization.pk)
    return organization
