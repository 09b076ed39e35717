from django.urls import path

from daedap.members import views, views_connection

app_name = "members"

urlpatterns = [
    path("settings/member-integration/", views.integration, name="integration"),
    path("settings/member-integration/test/", views_connection.connection_test, name="connection-test"),
]
