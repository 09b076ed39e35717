from django.urls import path

from daedap.members import views

app_name = "members"

urlpatterns = [
    path("settings/member-integration/", views.integration, name="integration"),
]
