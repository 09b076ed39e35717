"""Password rules (spec 10, 4.3). A policy is passed in by the owner of the realm."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from itertools import pairwise

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from daedap.accounts.models import User

SPECIALS = frozenset(string.punctuation)
_LETTERS = frozenset(string.ascii_letters)
_DIGITS = frozenset(string.digits)
_SHORTEST_ID = 3


class Characters(Enum):
    """A kind of character that a policy may ask for."""

    LETTER = "letter"
    UPPER = "upper"
    LOWER = "lower"
    DIGIT = "digit"
    SPECIAL = "special"


@dataclass(frozen=True)
class PasswordPolicy:
    """What a password must look like, and for how long it is good.

    `run`: how many equal or consecutive characters are too many; 0 = any number is fine.
    `reuse`: how many passwords, from the current one backwards, are refused.
    `expires_after`: None = never; `may_extend`: whether an expired one can be kept for one more period.
    `at_sign_in`: a password that breaks the rules has to be changed at the next sign-in (onLogin).
    """

    minimum: int
    maximum: int
    run: int = 4
    reuse: int = 1
    classes: frozenset[Characters] = frozenset({Characters.LETTER, Characters.DIGIT, Characters.SPECIAL})
    expires_after: timedelta | None = None
    may_extend: bool = True
    at_sign_in: bool = False


IAM_DEFAULT = PasswordPolicy(minimum=8, maximum=15, expires_after=timedelta(days=90))
"""The default policy (기본) of IAM members."""

PLATFORM = PasswordPolicy(minimum=8, maximum=64, expires_after=timedelta(days=90))
"""The policy of platform members."""

KEPT_PASSWORDS = 3
"""How many replaced passwords are remembered: the most that any policy may refuse (spec 10, 4.3)."""


def list_broken_rules(password: str, *, policy: PasswordPolicy, login_id: str, user: User | None = None) -> list[str]:
    """Return one translated sentence for each rule that `password` breaks; an empty list means it is good.

    `user` is whose password it becomes, if there is one already: earlier passwords are then refused too.
    """
    broken = [str(sentence()) for holds, sentence in _rules(password, policy, login_id) if not holds]
    if not broken and user is not None and _was_used(password, user=user, reuse=policy.reuse):
        broken.append(_("Choose a password that differs from your previous one."))
    return broken


def list_rules(policy: PasswordPolicy) -> list[str]:
    """Return the rules as translated sentences, for people who are about to choose a password."""
    return [str(sentence()) for _holds, sentence in _rules("", policy, "")]


def has_expired(user: User, *, policy: PasswordPolicy) -> bool:
    """Whether the user's password is older than the policy lets it become, extensions counted in."""
    since = max((moment for moment in (user.password_set_at, user.password_extended_at) if moment), default=None)
    return policy.expires_after is not None and since is not None and timezone.now() >= since + policy.expires_after


def _rules(password: str, policy: PasswordPolicy, login_id: str) -> list[tuple[bool, Callable[[], str]]]:
    characters = set(password)
    rules: list[tuple[bool, Callable[[], str]]] = [
        (
            policy.minimum <= len(password) <= policy.maximum,
            lambda: (
                _("Use %(minimum)d to %(maximum)d characters.") % {"minimum": policy.minimum, "maximum": policy.maximum}
            ),
        )
    ]
    rules += [(bool(characters & kind), sentence) for name, kind, sentence in _CLASSES if name in policy.classes]
    rules.append(
        (
            characters <= _LETTERS | _DIGITS | SPECIALS,
            lambda: _("Use only English letters, digits and special characters, without spaces."),
        )
    )
    if policy.run:
        rules.append(
            (
                not _has_run(password, policy.run),
                lambda: (
                    _("Do not use %(count)d or more equal or consecutive characters (1111, 1234, abcd).")
                    % {"count": policy.run}
                ),
            )
        )
    rules.append((not _contains_id(password, login_id), lambda: _("Do not use your ID in the password.")))
    return rules


_CLASSES: list[tuple[Characters, frozenset[str], Callable[[], str]]] = [
    (Characters.LETTER, _LETTERS, lambda: _("Use at least one letter.")),
    (Characters.UPPER, frozenset(string.ascii_uppercase), lambda: _("Use at least one upper-case letter.")),
    (Characters.LOWER, frozenset(string.ascii_lowercase), lambda: _("Use at least one lower-case letter.")),
    (Characters.DIGIT, _DIGITS, lambda: _("Use at least one digit.")),
    (Characters.SPECIAL, SPECIALS, lambda: _("Use at least one special character.")),
]


def _has_run(password: str, length: int) -> bool:
    """Whether `length` characters in a row are equal, ascending or descending, whatever their case."""
    text = password.lower()
    return any(_is_run(text[start : start + length]) for start in range(len(text) - length + 1))


def _is_run(part: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(part)}
    if steps == {0}:
        return True
    # "9:;<" are neighbours in ASCII only; people count letters and digits.
    same_kind = set(part) <= _LETTERS or set(part) <= _DIGITS
    return same_kind and steps in ({1}, {-1})


def _contains_id(password: str, login_id: str) -> bool:
    return len(login_id) >= _SHORTEST_ID and login_id.lower() in password.lower()


def _was_used(password: str, *, user: User, reuse: int) -> bool:
    if reuse < 1:
        return False
    earlier = user.password_history.order_by("-replaced_at", "-pk").values_list("password", flat=True)
    hashes = [user.password] if user.has_usable_password() else []
    hashes += list(earlier[: reuse - 1])
    return any(check_password(password, known) for known in hashes)


class PlatformRules:
    """The rules of platform members for Django's own commands: `createsuperuser` takes no weaker password."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError with a sentence for each broken rule."""
        if broken := list_broken_rules(password, policy=PLATFORM, login_id=user.login_id if user else ""):
            raise ValidationError(broken)

    def get_help_text(self) -> str:
        """Return the rules on one line."""
        return " ".join(list_rules(PLATFORM))
