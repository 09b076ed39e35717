"""`/{serviceId}/hc/…`. Each page is also served without its last slash, and without a redirect (spec 20, 5.1)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, path, re_path

from daedap.helpcenter import views, views_enquiries

app_name = "helpcenter"


def _page(route: str, view: Callable[..., HttpResponse], name: str) -> list[URLPattern]:
    return [path(f"{route}/", view, name=name), path(route, view)]


urlpatterns = [
    *_page("hc", views.main, "main"),
    *_page("hc/ticket", views.enquiry, "enquiry"),
    *_page("hc/ticket/files", views.upload, "upload"),
    *_page("hc/ticket/done/<str:receipt>", views.enquiry_done, "enquiry_done"),
    *_page("hc/ticket/list", views_enquiries.enquiries, "enquiries"),
    *_page("hc/ticket/list/<str:ticket_id>", views_enquiries.enquiry_detail, "enquiry_detail"),
    *_page("hc/terms", views.terms, "terms"),
    *_page("hc/login", views.login, "login"),
    *_page("hc/login-status", views.login_status, "login_status"),
    *_page("hc/logout", views.logout, "logout"),
    re_path(r"^hc/(?!openapi/)", views.missing),  # daedap.openapi has its own answer to those
]
