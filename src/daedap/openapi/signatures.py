"""Accepted signatures: each is good for one request and its repetitions only (spec 40, 3.10)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from daedap.openapi.models import UsedSignature

KEPT = timedelta(minutes=11)
"""A timestamp is accepted for ten minutes at most, five before and five after; then its signature is expired anyway."""

_REMEMBER = """
INSERT INTO openapi_usedsignature (organization_id, signature_hash, request_hash, created_at)
VALUES (%s, %s, %s, %s)
ON CONFLICT (organization_id, signature_hash) DO NOTHING
"""
"""Written by hand: of two calls at the same moment exactly one is the first."""


def accept(*, organization_id: int, signature: str, request_hash: str) -> bool:
    """Remember a genuine signature with what it came with; False if it was accepted for a different request before."""
    signature_hash = hashlib.sha256(signature.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [organization_id, signature_hash, request_hash, timezone.now()])
        if cursor.rowcount:
            return True
    return UsedSignature.objects.filter(signature_hash=signature_hash, request_hash=request_hash).exists()


def tidy() -> int:
    """Forget, of all organizations, the signatures that are expired; return how many."""
    old = UsedSignature._base_manager.filter(created_at__lt=timezone.now() - KEPT)  # noqa: SLF001  all tenants
    forgotten, _by_model = old.delete()
    return forgotten
