"""Access tokens: what the server-side remote login gives the company for its member's browser (spec 20, 8.2, 8.5)."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from daedap.core.crypto import hash_token, new_token
from daedap.members.models import AccessToken, Member
from daedap.members.tokens import Reason, TokenRefused
from daedap.organizations.models import Organization
from daedap.services.models import Service

LIFETIME = timedelta(minutes=3)


def issue(*, service: Service, member: Member) -> str:
    """Return a new access token of the member; it is stored nowhere."""
    text = new_token()
    AccessToken.objects.create(
        organization_id=service.organization_id, service=service, member=member, token_hash=hash_token(text)
    )
    return text


def redeem(text: str, organization: Organization) -> Member:
    """Use an access token of the open service up and return whose it is; raise TokenRefused if it is worth nothing.

    Only inside a transaction. Of two who bring it at the same moment one gets the member.
    """
    lockable = AccessToken.objects.select_related("member").select_for_update(of=("self",))
    found = lockable.filter(token_hash=hash_token(text)).first()
    if found is None or not _is_good(found, organization):
        raise TokenRefused(Reason.ACCESS_TOKEN_INVALID)
    found.delete()
    return found.member


def _is_good(token: AccessToken, organization: Organization) -> bool:
    cut = organization.key_cut_at
    is_fresh = timezone.now() - token.created_at <= LIFETIME
    return is_fresh and (cut is None or token.created_at > cut)
