from django.urls import path

from daedap.console import views

app_name = "console"

urlpatterns = [
    path("", views.home, name="home"),
    path("console/me/", views.me, name="me"),
    path("console/me/password/", views.password, name="password"),
    path("console/me/tabs/", views.move_service_tab, name="move_tab"),
    path("console/me/assignment/", views.assignment, name="assignment"),
]
