"""The platform site: `{base}/`."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("daedap.core.urls")),
    path("", include("daedap.portal.urls")),
    path("operator/", admin.site.urls),
]

handler400 = "daedap.core.views.bad_request"
handler403 = "daedap.core.views.forbidden"
handler404 = "daedap.core.views.not_found"
handler500 = "daedap.core.views.server_error"
