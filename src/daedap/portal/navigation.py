"""The menus of the platform site."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from daedap.core.navigation import AccountLink, Item, Section, is_current
from daedap.organizations.console_members import MANAGERS
from daedap.organizations.models import ConsoleRole
from daedap.portal.access import SETTERS

_SETTINGS = ("organization-domain", "organization-disable", "organization-delete")


def _is_platform(request: HttpRequest) -> bool:
    return getattr(request, "site", "") == "platform"


def account_links(request: HttpRequest) -> list[AccountLink]:
    """The member's menu at the top right: My Page, payment methods, log out (spec 10, 2.1)."""
    if not _is_platform(request):
        return []
    return [
        AccountLink(_("My Page"), reverse("portal:profile")),
        AccountLink(_("Payment methods"), reverse("portal:payment")),
        AccountLink(_("Log out"), reverse("portal:logout"), method="post"),
    ]


def my_page(request: HttpRequest) -> Section | None:
    """The menu of My Page."""
    if not _is_platform(request) or not request.path.startswith("/me/"):
        return None
    profile, payment = reverse("portal:profile"), reverse("portal:payment")
    second_factor = reverse("portal:second-factor")
    is_payment = is_current(request, payment) or request.path == reverse("portal:confirm")
    is_factor = is_current(request, second_factor)
    return Section(
        _("My Page"),
        [
            Item(_("Basic information"), profile, "user-circle", current=not (is_payment or is_factor)),
            Item(_("2-step login"), second_factor, "shield-lock", current=is_factor),
            Item(
                _("Payment methods"),
                payment,
                "credit-card",
                current=is_payment,
            ),
        ],
    )


def organization_menu(request: HttpRequest) -> Section | None:
    """The menu of one organization in the console."""
    match = getattr(request, "resolver_match", None)
    if not _is_platform(request) or match is None or "public_id" not in match.kwargs:
        return None
    if match.url_name.startswith("wizard"):
        return None
    role = getattr(request, "role", None)
    everybody = frozenset(ConsoleRole)
    entries = (
        ("organization", _("Dashboard"), "layout-dashboard", everybody),
        ("catalogue", _("Select service"), "package", SETTERS),
        ("members", _("Member management"), "users", MANAGERS),
        ("organization-settings", _("Basic settings"), "settings", everybody),
        ("governance", _("Login security settings"), "shield-lock", SETTERS),
    )
    public_id = match.kwargs["public_id"]
    return Section(
        "",
        [
            Item(label, reverse(f"portal:{name}", args=[public_id]), icon, current=_is_here(match.url_name, name))
            for name, label, icon, roles in entries
            if role in roles
        ],
    )


def _is_here(url_name: str, name: str) -> bool:
    if name == "members":
        return url_name == name or url_name.startswith(("member-", "person-"))
    return url_name == name or (name == "organization-settings" and url_name in _SETTINGS)
