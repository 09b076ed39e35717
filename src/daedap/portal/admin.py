"""What operators of the installation see and decide at `/operator/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import PlatformMember, User
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError
from daedap.core.requests import client_ip
from daedap.files.models import PlatformFile
from daedap.files.selectors import open_file
from daedap.organizations.models import Organization
from daedap.portal import actions

if TYPE_CHECKING:
    _UserAdmin = admin.ModelAdmin[User]
    _OrganizationAdmin = admin.ModelAdmin[Organization]
    _PlatformMemberAdmin = admin.ModelAdmin[PlatformMember]
else:
    _UserAdmin = _OrganizationAdmin = _PlatformMemberAdmin = admin.ModelAdmin

admin.site.site_title = admin.site.site_header = settings.PRODUCT_NAME
admin.site.index_title = _("Operator site")


class _ReadOnly:
    """Rows are looked at here and changed by the product's own pages, which know the rules."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(_ReadOnly, _UserAdmin):
    """Identities of both kinds."""

    list_display = ("login_id", "realm", "name", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("=login_id", "=realm")
    fields = ("login_id", "realm", "name", "email", "language", "is_active", "is_staff", "created_at")


@admin.register(Organization)
class OrganizationAdmin(_ReadOnly, _OrganizationAdmin):
    """Tenants. The Key is not shown."""

    list_display = ("name", "public_id", "domain", "creator_login", "activated_at", "created_at")
    search_fields = ("name", "=public_id", "=domain")
    list_select_related = ("creator",)
    fields = ("name", "public_id", "domain", "creator_login", "activated_at", "created_at")

    @admin.display(description=_("Platform member"))
    def creator_login(self, organization: Organization) -> str:
        return organization.creator.login_id


@admin.register(PlatformMember)
class PlatformMemberAdmin(_ReadOnly, _PlatformMemberAdmin):
    """Platform members; business members are verified here (spec 10, step 1)."""

    list_display = ("login", "country", "membership_type", "verification", "company_name", "business_number")
    list_filter = ("verification", "membership_type", "country")
    search_fields = ("=user__login_id", "company_name", "=business_number")
    list_select_related = ("user",)
    actions = ("approve", "refuse", "reset_second_step")
    fields = (
        "login",
        "country",
        "membership_type",
        "verification",
        "company_name",
        "business_number",
        "representative",
        "business_type",
        "business_item",
        "address",
        "landline",
        "certificate",
    )

    @admin.display(description=_("ID (e-mail)"))
    def login(self, member: PlatformMember) -> str:
        return member.user.login_id

    @admin.display(description=_("Business registration certificate"))
    def certificate(self, member: PlatformMember) -> str:
        if not member.certificate_id:
            return "–"
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:portal-certificate", args=[member.certificate_id]),
            gettext("Download"),
        )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.download)
        return [path("certificate/<str:public_id>/", page, name="portal-certificate"), *super().get_urls()]

    def download(self, request: HttpRequest, public_id: str) -> FileResponse:
        """Hand the certificate out as a download, never as a page of ours."""
        file = PlatformFile.objects.filter(public_id=public_id).first()
        if file is None or not self.has_view_permission(request):
            raise Http404
        return FileResponse(open_file(file), as_attachment=True, filename=file.name)

    @admin.action(description=_("Approve business verification"))
    def approve(self, request: HttpRequest, queryset: QuerySet[PlatformMember]) -> None:
        self._decide(request, queryset, approve=True)

    @admin.action(description=_("Refuse business verification"))
    def refuse(self, request: HttpRequest, queryset: QuerySet[PlatformMember]) -> None:
        self._decide(request, queryset, approve=False)

    @admin.action(description=_("Reset 2-step login (lost phone)"))
    def reset_second_step(self, request: HttpRequest, queryset: QuerySet[PlatformMember]) -> None:
        """Delete the OTP devices; a code is mailed at each log-in instead."""
        actor = self._operator(request)
        for member in queryset:
            try:
                actions.reset_second_step(member_id=member.pk, actor=actor)
            except DaedapError as error:
                self.message_user(request, f"{error.message} ({member.user.login_id})", messages.WARNING)
            else:
                words = gettext("2-step login has been reset: %(login)s") % {"login": member.user.login_id}
                self.message_user(request, words)

    def _operator(self, request: HttpRequest) -> Actor:
        if not (request.user.is_authenticated and request.user.is_superuser):
            raise Http404
        return request.user.as_actor(client_ip(request))

    def _decide(self, request: HttpRequest, queryset: QuerySet[PlatformMember], *, approve: bool) -> None:
        actor = self._operator(request)
        for member in queryset:
            try:
                actions.decide_verification(member_id=member.pk, approve=approve, actor=actor)
            except DaedapError as error:
                self.message_user(request, str(error.message), messages.WARNING)
