"""The menus of the platform site."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from daedap.core.navigation import AccountLink, Item, Section, is_current


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
    entries = (
        ("organization", _("Dashboard"), "layout-dashboard"),
        ("catalogue", _("Select service"), "package"),
        ("members", _("Member management"), "users"),
        ("organization-settings", _("Basic settings"), "settings"),
        ("governance", _("Login security settings"), "shield-lock"),
    )
    public_id = match.kwargs["public_id"]
    return Section(
        "",
        [
            Item(label, reverse(f"portal:{name}", args=[public_id]), icon, current=_is_here(match.url_name, name))
            for name, label, icon in entries
        ],
    )


def _is_here(url_name: str, name: str) -> bool:
    return url_name == name or (name == "members" and url_name.startswith("member-"))
