"""The organization site: `{domain}.oc.{base}/`. Fixed words first; whatever else is letters is a service."""

from django.urls import include, path, register_converter

from daedap.services.converters import ServiceIdConverter

register_converter(ServiceIdConverter, "service")

urlpatterns = [
    path("", include("daedap.core.urls")),
    path("", include("daedap.organizations.urls")),
    path("", include("daedap.console.urls")),
    path("", include("daedap.services.urls")),
    path("", include("daedap.helpcenter.urls_admin")),
    path("", include("daedap.members.remote.urls")),
    path("", include("daedap.billing.urls")),
    path("<service:service_id>/", include("daedap.tickets.urls")),
    path("<service:service_id>/", include("daedap.members.urls")),
    path("<service:service_id>/", include("daedap.helpcenter.urls")),
    path("", include("daedap.openapi.urls")),
]

handler400 = "daedap.core.views.bad_request"
handler403 = "daedap.core.views.forbidden"
handler404 = "daedap.core.views.not_found"
handler500 = "daedap.core.views.server_error"
