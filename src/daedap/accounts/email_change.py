"""A platform member's new e-mail address, which is also the ID (spec 10, issue "e-mail change").

The address counts from the moment its mailed link is pressed. Until then the old one stays, and the change can be
taken back. Whether somebody else has the address is said only then: to who has proved to own it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts import letters
from daedap.accounts.actions import check_own_password, void_links
from daedap.accounts.links import LinkRefused, issue_link, use_link
from daedap.accounts.models import EmailChange, LinkKind, MailLink, User
from daedap.audit.actions import record
from daedap.core import limits
from daedap.core.actors import Actor
from daedap.core.database import violated_constraint
from daedap.core.errors import DaedapError, TooManyAttempts
from daedap.core.mail import queue_letter

LIFETIME = timedelta(hours=24)
KINDS = (LinkKind.CHANGE_EMAIL,)
MAILS_PER_ACCOUNT = 5
MAILS_PER_ADDRESS = 5
_HOUR = timedelta(hours=1)


class AddressUnchanged(DaedapError):
    """The new address is the one the member has."""

    field = "email"
    message = _("This is your e-mail address already.")


class AddressTaken(DaedapError):
    """Another member has this address, in whichever case. Said only to who proved to own it; nothing was changed."""

    message = _("This e-mail address belongs to another account.")


def find_pending(user: User) -> EmailChange | None:
    """Return the change that waits for its link, or None."""
    return EmailChange.objects.filter(user=user, expires_at__gt=timezone.now()).first()


def ask_for_change(*, user: User, email: str, password: str, make_url: Callable[[str], str], actor: Actor) -> None:
    """Mail a link to `email`; pressing it makes it the member's address. `make_url` turns a token into an address.

    A newer change takes the place of an older one. Raise AddressUnchanged, CurrentPasswordWrong or TooManyAttempts.
    """
    email = email.strip()
    if email.lower() == user.login_id:
        raise AddressUnchanged
    check_own_password(user, password)
    if (
        limits.count_up("email-change.account", str(user.pk), window=_HOUR) > MAILS_PER_ACCOUNT
        or limits.count_up("email-change.address", email.lower(), window=_HOUR) > MAILS_PER_ADDRESS
    ):
        raise TooManyAttempts(_("Too many mails were sent. Please try again in an hour."), field="email")
    with transaction.atomic():
        token = issue_link(kind=LinkKind.CHANGE_EMAIL, lifetime=LIFETIME, user=user)
        wanted = {"email": email, "expires_at": timezone.now() + LIFETIME}
        EmailChange.objects.update_or_create(user=user, defaults=wanted)
        record("accounts.email_change_asked", actor=actor, target=str(user))
        letter = letters.email_change(name=user.name, email=email, url=make_url(token), language=user.language)
        queue_letter(letter, to=email, language=user.language, kind="email-change")


@transaction.atomic
def cancel_change(*, user: User, actor: Actor) -> None:
    """Take the pending change back: its link is worth nothing any more. Nothing happens if there is none."""
    void_links(user, KINDS)
    if EmailChange.objects.filter(user=user).delete()[0]:
        record("accounts.email_change_cancelled", actor=actor, target=str(user))


def read_wanted(link: MailLink) -> EmailChange:
    """Return the change that `link` confirms; raise LinkRefused if it was taken back or is over."""
    pending = find_pending(link.user) if link.user else None
    if pending is None:
        raise LinkRefused
    return pending


@transaction.atomic
def confirm_change(*, token: str, ip: str) -> User:
    """Use the link up and give its member the new address; return them.

    Every session ends (each carries a hash of the address), links mailed to the old address are void, and a notice goes
    there. Raise LinkRefused, or AddressTaken: of two members with one wish exactly one gets it.
    """
    link = use_link(token, KINDS)
    if link.user is None:
        raise LinkRefused
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=link.user.pk)
    old, new = user.email, read_wanted(link).email
    user.login_id, user.email = new.lower(), new
    try:
        with transaction.atomic():
            user.save(update_fields=["login_id", "email"])
    except IntegrityError as error:
        if violated_constraint(error) != "user_unique_in_realm":
            raise
        raise AddressTaken from error
    EmailChange.objects.filter(user=user).delete()
    void_links(user, tuple(LinkKind))
    record("accounts.email_changed", actor=user.as_actor(ip), target=str(user))
    letter = letters.email_changed(name=user.name, old=old, new=new, language=user.language)
    queue_letter(letter, to=old, language=user.language, kind="email-changed")
    return user
