from django.urls import path

from daedap.console import views, views_otp

app_name = "console"

urlpatterns = [
    path("", views.home, name="home"),
    path("console/me/", views.me, name="me"),
    path("console/me/password/", views.password, name="password"),
    path("console/me/tabs/", views.move_service_tab, name="move_tab"),
    path("console/me/otp/", views_otp.devices, name="otp"),
    path("console/me/otp/add/", views_otp.add, name="otp_add"),
    path("console/me/otp/<int:device_id>/delete/", views_otp.delete, name="otp_delete"),
    path("console/me/assignment/", views.assignment, name="assignment"),
]
