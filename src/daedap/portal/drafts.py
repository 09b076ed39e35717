"""What a visitor has told us on the way through sign-up: kept in the session, never with the password."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from daedap.accounts import mobile_check, sms
from daedap.accounts.links import VERIFY_EMAIL_LIFETIME, issue_link
from daedap.accounts.models import LinkKind, MailLink, MembershipType
from daedap.core.crypto import hash_token, keyed_hash, new_token

_KEY = "signup"


class SignUpDraft:
    """The draft of one browser. The e-mail counts as verified only by the link this very draft asked for."""

    def __init__(self, request: HttpRequest) -> None:
        self._session = request.session
        self._facts: dict[str, Any] = dict(request.session.get(_KEY, {}))

    def _set(self, **facts: Any) -> None:
        self._facts |= facts
        self._session[_KEY] = self._facts

    @property
    def country(self) -> str:
        return str(self._facts.get("country", ""))

    @property
    def membership_type(self) -> str:
        return str(self._facts.get("membership_type", ""))

    @property
    def is_business(self) -> bool:
        return self.membership_type == MembershipType.BUSINESS

    @property
    def needs_certificate(self) -> bool:
        """Korean business members attach their certificate (spec 10, D3)."""
        return self.is_business and self.country == "KR"

    @property
    def agreed_terms(self) -> list[str]:
        return list(self._facts.get("terms", []))

    @property
    def email(self) -> str:
        return str(self._facts.get("email", ""))

    @property
    def link_hash(self) -> str:
        return str(self._facts.get("link", ""))

    def choose_country(self, country: str) -> None:
        """Begin anew where the country changes: what follows depends on it."""
        if country != self.country:
            self._facts = {}
        self._set(country=country)

    def choose_type(self, membership_type: str) -> None:
        self._set(membership_type=membership_type)

    def agree(self, codes: list[str]) -> None:
        self._set(terms=codes)

    def ask_for_verification(self, email: str) -> str:
        """Remember the address and return the token of a link that verifies it for this draft."""
        secret = str(self._facts.get("secret") or new_token())
        subject = keyed_hash(f"{email.lower()}:{secret}", purpose="sign-up")
        token = issue_link(kind=LinkKind.VERIFY_EMAIL, lifetime=VERIFY_EMAIL_LIFETIME, subject=subject)
        self._set(secret=secret, email=email, link=hash_token(token))
        return token

    def forget_email(self) -> None:
        """Ask for another address."""
        self._set(email="", link="")

    def keep_mobile_proof(self, proof: str) -> None:
        """Remember that the number inside was proved."""
        self._set(mobile_proof=proof)

    @property
    def mobile_proof(self) -> str:
        return str(self._facts.get("mobile_proof", ""))

    @property
    def mobile(self) -> str:
        """The proved mobile number (E.164); empty where none was, or too long ago."""
        return mobile_check.proved_number(self.mobile_proof)

    @property
    def needs_mobile(self) -> bool:
        """Whether a mobile number has to be proved before the account can exist."""
        return sms.is_on() and not self.mobile

    def waits_for(self, link: MailLink) -> bool:
        """Whether `link` is the one this browser asked for."""
        return bool(self.link_hash) and link.token_hash == self.link_hash

    @property
    def email_is_verified(self) -> bool:
        """Whether the link of this draft was pressed, on whichever device."""
        return bool(self.link_hash) and is_verified(self.link_hash)


def is_verified(link_hash: str) -> bool:
    """Whether the link with this hash was used to verify an address."""
    used = MailLink.objects.filter(kind=LinkKind.VERIFY_EMAIL, token_hash=link_hash, used_at__isnull=False)
    return used.exists()
