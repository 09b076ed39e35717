"""Signing in and out, and passwords."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts import attempts, letters, limits, owed_change, second_step, sessions
from daedap.accounts.hashing import TooBusy
from daedap.accounts.language import adopt_language
from daedap.accounts.links import PASSWORD_KINDS, RESET_PASSWORD_LIFETIME, LinkRefused, issue_link, use_link
from daedap.accounts.models import PLATFORM, LinkKind, MailLink, PasswordHistory, SignInResult, User
from daedap.accounts.passwords import IAM_DEFAULT, KEPT_PASSWORDS, PasswordPolicy, list_broken_rules
from daedap.accounts.policies import STANDARD, SignInPolicy
from daedap.accounts.second_step import Step, StepNeeded
from daedap.audit.actions import record
from daedap.core import jobs
from daedap.core.errors import DaedapError
from daedap.core.mail import Sender, queue_letter
from daedap.core.requests import client_ip


class SignInRefused(DaedapError):
    """ID, password or status do not allow it. Which of these is never said (spec 10, L2)."""

    message = _("The ID or the password does not match.")


class PostponingRefused(DaedapError):
    """The password has to be changed now."""

    message = _("Your password has to be changed before you continue.")


class PasswordRefused(DaedapError):
    """The new password breaks rules; `sentences` names each of them. Nothing was changed."""

    field = "password"

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def sign_in(
    request: HttpRequest,
    *,
    realm: str,
    login_id: str,
    password: str,
    may_enter: Callable[[User], bool] = lambda user: True,
    find_step: Callable[[User], Step | None] = lambda user: None,
    policy: SignInPolicy = STANDARD,
) -> User:
    """Check ID and password, open a fresh session for the user and return them. `policy` comes from the realm's owner.

    Raise second_step.StepNeeded, with no session yet, if `find_step` names a second step, or MailsUsedUp if its mail
    cannot leave; raise ChangeOwed, with no session either, if the password has to be changed first (see owed_change).

    Raise SignInRefused, always with the same message and after the same time, if the ID or the password is wrong, no
    password was ever set, or `may_enter` says no (an IAM member who left). Raise TooManyAttempts while the ID is locked
    or the address paused (spec 10, 4.4). Every attempt is recorded (L5). Raise TooBusy, with nothing counted or
    recorded, if the password could not even be looked at (see hashing).
    """
    attempts.begin(request, realm=realm, login_id=login_id, policy=policy)
    try:
        user = authenticate(request, username=login_id, password=password, realm=realm)
    except TooBusy:
        limits.take_back_attempt(realm=realm, login_id=login_id)
        raise
    if user is None or not may_enter(user):
        attempts.refuse(request, realm=realm, login_id=login_id, policy=policy)
        raise SignInRefused
    owed = owed_change.find_reason(user, password=password, policy=policy.password)
    if step := find_step(user):
        limits.take_back_attempt(realm=realm, login_id=login_id)
        attempts.record(request, realm=realm, login_id=login_id, result=SignInResult.WAITING, user=user)
        second_step.begin(request, user, step=step, owed=owed)
        raise StepNeeded(step)
    limits.clear_failures(realm=realm, login_id=login_id)
    attempts.record(request, realm=realm, login_id=login_id, result=SignInResult.OK, user=user)
    if owed:
        owed_change.begin(request, user, reason=owed)
        raise owed_change.ChangeOwed
    sessions.start_over(request)
    sessions.open_session(request, user, policy=policy.sessions)
    adopt_language(request, user)
    return user


def sign_out(request: HttpRequest) -> None:
    """End the session at once."""
    sessions.forget(request)
    logout(request)


@transaction.atomic
def change_owed_password(request: HttpRequest, *, password: str, policy: SignInPolicy) -> User:
    """Give whoever waits in this browser the new password and sign them in (spec 10, L2).

    Raise owed_change.ChangeOver if nobody waits any more, PasswordRefused with every broken rule.
    """
    user = owed_change.lock_waiting(request)
    change_password(user, password=password, policy=policy.password or IAM_DEFAULT)
    void_links(user, PASSWORD_KINDS)
    record("accounts.password_set", actor=user.as_actor(client_ip(request)), target=str(user), by="sign_in")
    owed_change.forget(request)
    sessions.open_session(request, user, policy=policy.sessions)
    adopt_language(request, user)
    return user


@transaction.atomic
def postpone_password_change(request: HttpRequest, *, policy: SignInPolicy) -> User:
    """Keep the expired password for one more full period and sign in ("다음에 변경"; spec 10, 4.3).

    Raise owed_change.ChangeOver if nobody waits any more, PostponingRefused if the change cannot wait.
    """
    user = owed_change.lock_waiting(request)
    if not owed_change.may_postpone(request, policy=policy.password):
        raise PostponingRefused
    user.password_extended_at = timezone.now()
    user.save(update_fields=["password_extended_at"])
    record("accounts.password_extended", actor=user.as_actor(client_ip(request)), target=str(user))
    owed_change.forget(request)
    sessions.open_session(request, user, policy=policy.sessions)
    adopt_language(request, user)
    return user


@transaction.atomic
def set_password_by_link(
    *,
    token: str,
    kinds: Collection[LinkKind],
    password: str,
    policy: PasswordPolicy,
    ip: str,
    realm: str = PLATFORM,
) -> User:
    """Use the link up and give its user the new password (mails E2, E3, E4); return the user.

    Every session of the user ends, failures and lock are forgotten, and other links to a new password are void. Raise
    LinkRefused, or PasswordRefused with every broken rule; the link can then be used again.
    """
    link = use_link(token, kinds, realm=realm)
    if link.user is None:
        raise LinkRefused
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=link.user.pk)
    change_password(user, password=password, policy=policy)
    void_links(user, kinds)
    limits.clear_failures(realm=user.realm, login_id=user.login_id)
    record("accounts.password_set", actor=user.as_actor(ip), target=str(user), by=link.kind)
    return user


def void_links(user: User, kinds: Collection[LinkKind]) -> None:
    """Make every link of these kinds that was mailed to `user` worth nothing."""
    MailLink.objects.filter(user=user, kind__in=kinds, used_at=None, voided_at=None).update(voided_at=timezone.now())


def change_password(user: User, *, password: str, policy: PasswordPolicy) -> None:
    """Give `user`, whose row is locked, a new password and remember the old one; raise PasswordRefused.

    Sessions end by themselves: each carries a hash of the password it was opened with.
    """
    broken = list_broken_rules(password, policy=policy, login_id=user.login_id, user=user)
    if broken:
        raise PasswordRefused(broken)
    if user.has_usable_password():
        PasswordHistory.objects.create(user=user, password=user.password)
        kept = user.password_history.order_by("-replaced_at", "-pk").values("pk")[:KEPT_PASSWORDS]
        user.password_history.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    user.set_password(password)
    user.password_set_at, user.password_extended_at = timezone.now(), None
    user.save(update_fields=["password", "password_set_at", "password_extended_at"])
    sessions.end_sessions_of(user)


def request_password_reset(*, realm: str, login_id: str, email: str, ip: str, job: str, **ids: int) -> None:
    """Have a reset link (E4) mailed to the registered address if ID and e-mail belong together (spec 10, 4.2).

    The caller answers the same sentence whatever happened. The job called `job` is queued with `ids` and a `user_id`
    which is 0 if they do not belong together: both take equally long.
    """
    if not limits.may_ask_for_reset(ip):
        return
    found = User.objects.filter(realm=realm, login_id=login_id.strip().lower(), is_active=True)
    pk, registered = found.values_list("pk", "email").first() or (0, "")
    matches = registered.casefold() == email.strip().casefold()
    jobs.defer(job, user_id=pk if matches else 0, **ids)


@transaction.atomic
def mail_password_reset(
    *,
    realm: str,
    user_id: int,
    make_url: Callable[[str], str],
    place: str = "",
    may_enter: Callable[[User], bool] = lambda user: True,
    organization_id: int | None = None,
) -> None:
    """Mail a reset link to the user, if there is one who may enter and has not had too many; the job's part.

    `make_url` turns a token into an absolute address, `place` is the name of the site the account is for.
    """
    user = User.objects.filter(pk=user_id, realm=realm, is_active=True).first()
    if user is None or not may_enter(user) or not limits.may_mail_reset(user.pk):
        return
    token = issue_link(kind=LinkKind.RESET_PASSWORD, lifetime=RESET_PASSWORD_LIFETIME, user=user)
    place = place or settings.PRODUCT_NAME
    letter = letters.password_reset(
        name=user.name, login_id=user.login_id, url=make_url(token), place=place, language=user.language
    )
    queue_letter(
        letter,
        to=user.email,
        language=user.language,
        kind="password-reset",
        sender=Sender(name=place),
        organization_id=organization_id,
    )


def queue_lock_letter(user: User, *, lock: timedelta = limits.LOCK) -> None:
    """Tell the user by mail that sign-in is locked, and until when (E7)."""
    until = timezone.now() + lock
    letter = letters.sign_in_locked(name=user.name, login_id=user.login_id, until=until, language=user.language)
    queue_letter(letter, to=user.email, language=user.language, kind="sign-in-locked")


class CurrentPasswordWrong(DaedapError):
    """The present password, asked for again, is not that. Nothing was changed."""

    field = "current"
    message = _("This is not your current password.")


def check_own_password(user: User, password: str, *, policy: SignInPolicy = STANDARD) -> None:
    """Make sure that who is signed in knows the password, before something that cannot be taken back.

    Raise CurrentPasswordWrong, which counts like a failed sign-in, or TooManyAttempts while the ID is locked.
    """
    account = {"realm": user.realm, "login_id": user.login_id}
    if lock := limits.begin_attempt(**account, max_failures=policy.max_failures, lock=policy.lock):
        raise attempts.locked(lock)
    try:
        is_right = user.check_password(password)
    except TooBusy:
        limits.take_back_attempt(**account)
        raise
    if not is_right:
        attempts.fail(**account, policy=policy)
        raise CurrentPasswordWrong
    limits.clear_failures(**account)


def change_own_password(
    request: HttpRequest, user: User, *, current: str, password: str, rules: PasswordPolicy, policy: SignInPolicy
) -> None:
    """Give the signed-in user a new password; this browser gets a fresh session, all others end (spec 10, 5.11).

    Mailed links to a new password are void afterwards. Raise CurrentPasswordWrong, which counts like a failed sign-in,
    TooManyAttempts while the ID is locked, or PasswordRefused with every broken rule.
    """
    check_own_password(user, current, policy=policy)
    checked = user.password
    with transaction.atomic():
        locked = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        if locked.password != checked:  # another window was faster
            raise CurrentPasswordWrong
        change_password(locked, password=password, policy=rules)
        void_links(locked, PASSWORD_KINDS)
        record("accounts.password_set", actor=locked.as_actor(client_ip(request)), target=str(locked), by="self")
    sessions.open_session(request, locked, policy=policy.sessions)


def save_language(user: User, *, language: str) -> None:
    """Remember the user's own choice of language; one that is not offered changes nothing."""
    known: dict[str, Any] = dict(settings.LANGUAGES)
    if language in known:
        user.language = language
        user.save(update_fields=["language"])
