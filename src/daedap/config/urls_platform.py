"""The platform site: `{base}/`."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from daedap.portal.views.login import operator_log_in

urlpatterns = [
    path("", include("daedap.core.urls")),
    path("", include("daedap.portal.urls")),
    path("operator/login/", operator_log_in),  # in place of the admin's own, which knows no limits
    path("operator/password_change/", RedirectView.as_view(pattern_name="portal:password")),  # as above, nor any rule
    path("operator/", admin.site.urls),
]

handler400 = "daedap.core.views.bad_request"
handler403 = "daedap.core.views.forbidden"
handler404 = "daedap.core.views.not_found"
handler500 = "daedap.core.views.server_error"
