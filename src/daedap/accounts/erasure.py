"""Forgetting who a platform member was (회원 탈퇴). What stays, and why, is written down in docs/security.md."""

from __future__ import annotations

from django.utils import timezone

from daedap.accounts.models import EmailChange, PlatformMember, SignInRecord, TermsConsent, User


def erase_identity(user: User) -> None:
    """Leave nothing of `user`, whose row is locked, but a number that cannot sign in; the address is free again.

    Every session ends. Records of sign-ins and consents stay under the number, without the address.
    """
    nobody = f"withdrawn-{user.pk}"
    SignInRecord.objects.filter(realm=user.realm, login_id=user.login_id[:64]).update(login_id=nobody)
    TermsConsent.objects.filter(user=user, withdrawn_at=None).update(withdrawn_at=timezone.now())
    user.password_history.all().delete()
    user.mail_links.all().delete()
    user.otp_devices.all().delete()
    EmailChange.objects.filter(user=user).delete()
    PlatformMember.objects.filter(user=user).delete()
    user.login_id, user.email, user.name = nobody, "", ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.password_set_at = user.password_extended_at = user.last_login = None
    user.save()
