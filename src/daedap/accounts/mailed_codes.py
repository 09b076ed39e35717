"""The code that a platform member gets by mail at each log-in (spec 10, 4.4 and mail E6)."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from django.db import transaction

from daedap.accounts import letters
from daedap.accounts.models import User
from daedap.core.crypto import keyed_hash
from daedap.core.mail import queue_letter

LIFETIME = timedelta(minutes=5)


@transaction.atomic
def send(user: User, *, mark: str) -> str:
    """Mail a new code to `user`; return what to compare with, which is of use only together with `mark`."""
    code = f"{secrets.randbelow(10**6):06}"
    letter = letters.sign_in_code(name=user.name, code=code, language=user.language)
    queue_letter(letter, to=user.email, language=user.language, kind="sign-in-code")
    return _hash(mark, code)


def is_right(code: str, *, mark: str, code_hash: str) -> bool:
    """Whether `code` is the one that was mailed."""
    return hmac.compare_digest(_hash(mark, code.strip()), code_hash)


def _hash(mark: str, code: str) -> str:
    return keyed_hash(f"{mark}:{code}", purpose="second-step")
