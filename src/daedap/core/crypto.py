"""Secrets: encrypted fields, keyed hashes, one-time tokens. All keys are derived from the installation's secret key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField

_ALPHANUMERIC = string.ascii_letters + string.digits


def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"daedap:{purpose}".encode()).derive(secret.encode())


@lru_cache(maxsize=1)
def _fernet() -> MultiFernet:
    secrets_in_use = [str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(secret, "fields"))) for secret in secrets_in_use])


@lru_cache(maxsize=8)
def _mac_key(purpose: str) -> bytes:
    return _derive(settings.SECRET_KEY, purpose)


def encrypt(text: str) -> str:
    """Return `text` encrypted; only `decrypt` of this installation can read it."""
    return _fernet().encrypt(text.encode()).decode("ascii")


def decrypt(text: str) -> str:
    """Return the text that `encrypt` was given; raise `cryptography.fernet.InvalidToken` if it was tampered with."""
    return _fernet().decrypt(text.encode("ascii")).decode()


def keyed_hash(value: str, *, purpose: str) -> str:
    """Return 64 hex characters by which equal values can be found without storing them. Normalise before calling."""
    return hmac.digest(_mac_key(purpose), value.encode(), "sha256").hex()


def new_token() -> str:
    """Return 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is stored instead of a random token: 64 hex characters of its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_key() -> str:
    """Return a new key as the API samples show it: 32 lower-case hexadecimal characters (spec 10, 5.4)."""
    return secrets.token_hex(16)


def random_letters_and_digits(length: int) -> str:
    """Return `length` random characters of [0-9A-Za-z]."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


class EncryptedTextField(_TextField):
    """Text that is encrypted in the database and plain in Python. It cannot be searched."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("isnull",):
            raise TypeError(f"{self.name} is encrypted and cannot be searched with {lookup_name!r}.")
        return super().get_lookup(lookup_name)
