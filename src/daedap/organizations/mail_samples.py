"""Samples of the mails about organizations."""

from __future__ import annotations

from daedap.accounts.models import User
from daedap.core.hosts import organization_url
from daedap.core.mail import Letter
from daedap.core.mail.samples import add_sample
from daedap.organizations import letters
from daedap.organizations.models import CreationType, IamMember, Organization


def register() -> None:
    add_sample("iam-password-setup", lambda language: _password(CreationType.REGISTERED, language), sender=_sender())
    add_sample("iam-invitation", lambda language: _password(CreationType.INVITED, language), sender=_sender())
    add_sample("sign-in-approval", _approval, sender=_sender())
    add_sample("online-contact-ready", lambda language: letters.compose_ready_letter(*_sample(), language=language))
    add_sample("organization-deleted", lambda language: letters.compose_deleted_letter(_sample()[0], language=language))
    add_sample("console-member-added", _added)
    add_sample("iam-address-changed", _address_changed, sender=_sender())


def _sender() -> str:
    return letters.iam_sender()


def _sample() -> tuple[Organization, IamMember]:
    organization = Organization(name="예스24", domain="yes24", creator=User(name="김대답"))
    return organization, IamMember(user=User(name="이상담", login_id="lee.sangdam"))


def _password(creation_type: CreationType, language: str) -> Letter:
    organization, member = _sample()
    member.creation_type = creation_type
    url = organization_url("yes24", f"/login/password/{'x' * 43}/")
    return letters.compose_password_letter(organization, member, url=url, language=language)


def _approval(language: str) -> Letter:
    organization, member = _sample()
    url = organization_url("yes24", f"/login/approve/{'x' * 43}/")
    return letters.compose_approval_letter(organization, member.user, url=url, ip="203.0.113.7", language=language)


def _added(language: str) -> Letter:
    organization, _member = _sample()
    guest = User(name="박동료")
    return letters.compose_added_letter(organization, guest, role="MEMBER", by="김대답", language=language)


def _address_changed(language: str) -> Letter:
    organization, member = _sample()
    return letters.compose_address_changed_letter(organization, member, by="김대답", language=language)
