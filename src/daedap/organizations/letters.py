"""Mails about organizations and their members: E2, E3, E5, E10 and others (spec 10, Mails)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext

from daedap.accounts import approvals
from daedap.accounts.links import SET_PASSWORD_LIFETIME, issue_link
from daedap.accounts.models import LinkKind, User
from daedap.accounts.second_step import Waiting
from daedap.core.hosts import platform_url
from daedap.core.mail import Letter, Sender, queue_letter
from daedap.organizations.addresses import approve_sign_in_url, set_password_url
from daedap.organizations.models import CreationType, IamMember, Organization


def queue_password_mail(organization: Organization, member: IamMember) -> None:
    """Mail E2, or E3 to the invited: a link to choose a password. A newer one voids the older."""
    token = issue_link(kind=LinkKind.SET_PASSWORD, lifetime=SET_PASSWORD_LIFETIME, user=member.user)
    language = member.user.language
    invited = member.creation_type == CreationType.INVITED
    queue_letter(
        compose_password_letter(organization, member, url=set_password_url(organization, token), language=language),
        to=member.user.email,
        language=language,
        kind="iam-invitation" if invited else "iam-password-setup",
        sender=Sender(name=iam_sender()),
        organization_id=organization.pk,
        reference=f"iam-member:{member.pk}",
    )


def iam_sender() -> str:
    """Return the name under which mails to IAM members leave."""
    return f"{settings.PRODUCT_NAME} IAM"


def compose_password_letter(organization: Organization, member: IamMember, *, url: str, language: str) -> Letter:
    """Write mail E2, or E3 to the invited."""
    invited = member.creation_type == CreationType.INVITED
    names = {"organization": organization.name, "product": settings.PRODUCT_NAME}
    with translation.override(language):
        how_to = gettext("Press the button and choose a password. Then log in at the address below with your ID.")
        invitation = gettext("You have been invited to work in the Online Contact of %(organization)s.") % names
        return Letter(
            subject=gettext("[%(product)s IAM] %(organization)s invites you to Online Contact.") % names
            if invited
            else gettext("Please set a password to use [%(product)s IAM].") % names,
            reason=gettext("You receive this mail because %(organization)s invited you as an IAM member.") % names
            if invited
            else gettext("You receive this mail because %(organization)s registered you as an IAM member.") % names,
            greeting=gettext("Hello %(name)s,") % {"name": member.user.name},
            paragraphs=[invitation, how_to] if invited else [how_to],
            facts=[
                (gettext("Organization"), organization.name),
                (gettext("ID"), member.user.login_id),
                (gettext("Online Contact URL"), organization.url),
            ],
            button_label=gettext("Choose password"),
            button_url=url,
            footnotes=[gettext("The link works once and for 7 days. Afterwards use Find password on the login page.")],
        )


def queue_address_changed_mail(organization: Organization, member: IamMember, *, to: str, by: str) -> None:
    """Tell `to`, the address an account had until now, that it is another one. The new one is not named there."""
    language = member.user.language
    queue_letter(
        compose_address_changed_letter(organization, member, by=by, language=language),
        to=to,
        language=language,
        kind="iam-address-changed",
        sender=Sender(name=iam_sender()),
        organization_id=organization.pk,
    )


def compose_address_changed_letter(organization: Organization, member: IamMember, *, by: str, language: str) -> Letter:
    """Write the mail that an administrator changed the e-mail address of an account."""
    names = {"product": settings.PRODUCT_NAME, "organization": organization.name}
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s IAM] The e-mail address of your account was changed.") % names,
            reason=gettext("You receive this mail because this was the e-mail address of your account."),
            greeting=gettext("Hello %(name)s,") % {"name": member.user.name},
            paragraphs=[
                gettext("From now on mails about your account go to another address. Links mailed here do not work.")
            ],
            facts=[
                (gettext("Organization"), organization.name),
                (gettext("ID"), member.user.login_id),
                (gettext("Changed by"), by or "-"),
                (gettext("Time"), f"{timezone.localtime():%Y-%m-%d %H:%M %Z}"),
            ],
            footnotes=[gettext("If you know nothing of this, ask an administrator of your organization at once.")],
        )


@transaction.atomic
def queue_approval_mail(organization: Organization, waiting: Waiting, *, ip: str) -> None:
    """Mail E5: the button that approves the log-in of whoever waits. A newer one voids the older."""
    user = waiting.user
    url = approve_sign_in_url(organization, approvals.issue(user, mark=waiting.mark))
    queue_letter(
        compose_approval_letter(organization, user, url=url, ip=ip, language=user.language),
        to=user.email,
        language=user.language,
        kind="sign-in-approval",
        sender=Sender(name=iam_sender()),
        organization_id=organization.pk,
    )


def compose_approval_letter(organization: Organization, user: User, *, url: str, ip: str, language: str) -> Letter:
    """Write mail E5: who is logging in, from where, and the button."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s IAM] Your approval of a log-in is requested.")
            % {"product": settings.PRODUCT_NAME},
            reason=gettext("You receive this mail because your password was just used to log in."),
            greeting=gettext("Hello %(name)s,") % {"name": user.name},
            paragraphs=[
                gettext("If this is you, press the button, then Confirm on the page that waits for it."),
                gettext("The link works for 10 minutes."),
            ],
            facts=[
                (gettext("Organization"), organization.name),
                (gettext("ID"), user.login_id),
                (gettext("Time"), f"{timezone.localtime():%Y-%m-%d %H:%M %Z}"),
                (gettext("IP"), ip or "-"),
            ],
            button_label=pgettext("log-in", "Approve"),
            button_url=url,
            footnotes=[gettext("If this was not you, do not press it and set a new password: somebody knows yours.")],
        )


def queue_ready_mail(organization: Organization, owner: IamMember) -> None:
    """Mail E10: where Online Contact is and who its OWNER is."""
    creator = organization.creator
    queue_letter(
        compose_ready_letter(organization, owner, language=creator.language),
        to=creator.email,
        language=creator.language,
        kind="online-contact-ready",
        organization_id=organization.pk,
    )


def compose_ready_letter(organization: Organization, owner: IamMember, *, language: str) -> Letter:
    """Write mail E10."""
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] Online Contact of %(organization)s is ready.")
            % {"product": settings.PRODUCT_NAME, "organization": organization.name},
            reason=gettext("You receive this mail because you enabled Online Contact for your organization."),
            greeting=gettext("Hello %(name)s,") % {"name": organization.creator.name},
            paragraphs=[gettext("Online Contact is ready. The OWNER logs in first and adds a service.")],
            facts=[
                (gettext("Organization"), organization.name),
                (gettext("Online Contact URL"), organization.url),
                (gettext("OWNER ID"), owner.user.login_id),
            ],
            button_label=gettext("Open Online Contact"),
            button_url=organization.url,
        )


def queue_deleted_mail(organization: Organization) -> None:
    """Tell the creator that the organization is gone. Kept apart from its rows, which go too."""
    creator = organization.creator
    letter = compose_deleted_letter(organization, language=creator.language)
    queue_letter(letter, to=creator.email, language=creator.language, kind="organization-deleted")


def compose_deleted_letter(organization: Organization, *, language: str) -> Letter:
    """Write the mail that an organization is gone."""
    names = {"product": settings.PRODUCT_NAME, "organization": organization.name}
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] The organization %(organization)s has been deleted.") % names,
            reason=gettext("You receive this mail because you created this organization."),
            greeting=gettext("Hello %(name)s,") % {"name": organization.creator.name},
            paragraphs=[
                gettext("Its IAM members, services, enquiries and files are being removed and cannot be restored."),
                gettext("If this was not you, change your password at once and tell the operator of this site."),
            ],
        )


def queue_added_mail(organization: Organization, user: User, *, role: str, by: str) -> None:
    """Tell a platform member that they can work in the console of an organization now."""
    letter = compose_added_letter(organization, user, role=role, by=by, language=user.language)
    queue_letter(letter, to=user.email, language=user.language, kind="console-member-added")


def compose_added_letter(organization: Organization, user: User, *, role: str, by: str, language: str) -> Letter:
    """Write the mail that the console of an organization is open to a platform member."""
    names = {"product": settings.PRODUCT_NAME, "organization": organization.name}
    with translation.override(language):
        return Letter(
            subject=gettext("[%(product)s] You have been added to the organization %(organization)s.") % names,
            reason=gettext("You receive this mail because %(by)s added you to the organization.") % {"by": by},
            greeting=gettext("Hello %(name)s,") % {"name": user.name},
            paragraphs=[gettext("You find the organization in the console. You need no payment method for it.")],
            facts=[(gettext("Organization"), organization.name), (pgettext("console", "Role"), role)],
            button_label=gettext("Open the console"),
            button_url=platform_url("/console/"),
        )
