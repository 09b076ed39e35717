from django.urls import path

from daedap.members import views
from daedap.members.connection_test import views as connection_test

app_name = "members"

urlpatterns = [
    path("settings/member-integration/", views.integration, name="integration"),
    path("settings/member-integration/test/", connection_test.connection_test, name="connection-test"),
]
