"""At the root of an organization's site: the form names the service (spec 20, section 8)."""

from django.urls import path

from daedap.members import views_remote

app_name = "remote_login"

urlpatterns = [
    path("v2/enduser/remote.json", views_remote.remote_login, name="client"),
    path("api/v2/enduser/remote.json", views_remote.remote_login_api, name="server"),
]
