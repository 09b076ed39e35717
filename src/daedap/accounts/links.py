"""Links that are mailed: single-use, stored only as hashes, voided by a newer one of their kind (spec 10, Mails).

Opening a link (GET) reads it; only the form behind it (POST) uses it, so that mail scanners cannot approve anything.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import PLATFORM, LinkKind, MailLink, User
from daedap.core.crypto import hash_token, new_token
from daedap.core.errors import DaedapError

VERIFY_EMAIL_LIFETIME = timedelta(hours=24)
SET_PASSWORD_LIFETIME = timedelta(days=7)
RESET_PASSWORD_LIFETIME = timedelta(minutes=30)

PASSWORD_KINDS = (LinkKind.SET_PASSWORD, LinkKind.RESET_PASSWORD)
"""The links that lead to the form for a new password (mails E2, E3, E4)."""


class LinkRefused(DaedapError):
    """The link is unknown, used, voided, expired, or of another kind or realm. Which of these is never said."""

    message = _("This link is not valid or has expired.")


@transaction.atomic
def issue_link(*, kind: LinkKind, lifetime: timedelta, user: User | None = None, subject: str = "") -> str:
    """Return the token of a new link and void the older ones of this kind for the same user or subject."""
    owner = str(user.pk) if user else subject
    with connection.cursor() as cursor:  # two issues at once would otherwise leave two valid links
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"mail-link:{kind}:{owner}"])
    now = timezone.now()
    older = MailLink.objects.filter(kind=kind, user=user, subject=subject, used_at=None, voided_at=None)
    older.update(voided_at=now)
    token = new_token()
    MailLink.objects.create(
        kind=kind, user=user, subject=subject, token_hash=hash_token(token), expires_at=now + lifetime
    )
    return token


def read_link(token: str, kinds: Collection[LinkKind], *, realm: str = PLATFORM) -> MailLink:
    """Return the link behind `token` without using it; raise LinkRefused unless it can be used here and now.

    A link of a user is worth something only on the site of the user's realm.
    """
    found = MailLink.objects.select_related("user").filter(
        token_hash=hash_token(token), kind__in=kinds, used_at=None, voided_at=None, expires_at__gt=timezone.now()
    )
    link = found.first()
    if link is None or (link.user is not None and not (link.user.is_active and link.user.realm == realm)):
        raise LinkRefused
    return link


def use_link(token: str, kinds: Collection[LinkKind], *, realm: str = PLATFORM) -> MailLink:
    """Use the link up and return it; raise LinkRefused if it cannot be used. Of two at once exactly one wins."""
    link = read_link(token, kinds, realm=realm)
    still_free = MailLink.objects.filter(pk=link.pk, used_at=None, voided_at=None)
    if not still_free.update(used_at=timezone.now()):
        raise LinkRefused
    return link


def void_links_in(realm: str) -> None:
    """Void every open link of everybody in the realm: the address they name is gone."""
    open_ones = MailLink.objects.filter(user__realm=realm, used_at=None, voided_at=None)
    open_ones.update(voided_at=timezone.now())


def void_links_of(user: User, kinds: Collection[LinkKind] = PASSWORD_KINDS) -> None:
    """Void the open links of one user: they left, or are mailed elsewhere from now on."""
    open_ones = MailLink.objects.filter(user=user, kind__in=kinds, used_at=None, voided_at=None)
    open_ones.update(voided_at=timezone.now())
