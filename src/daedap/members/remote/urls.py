"""At the root of an organization's site: the form names the service (spec 20, section 8)."""

from django.urls import path

from daedap.members.remote import views

app_name = "remote_login"

urlpatterns = [
    path("v2/enduser/remote.json", views.remote_login, name="client"),
    path("api/v2/enduser/remote.json", views.remote_login_api, name="server"),
]
