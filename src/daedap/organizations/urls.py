from django.urls import path

from daedap.organizations import views

app_name = "organizations"

urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("login/change-password/", views.change_password, name="change_password"),
    path("login/find-password/", views.find_password, name="find_password"),
    path("login/find-password/sent/", views.find_password_sent, name="find_password_sent"),
    path("login/password/<str:token>/", views.set_password, name="set_password"),
    path("admin/organization/", views.info, name="info"),
    path("admin/organization/key/show/", views.show_key, name="show_key"),
    path("admin/organization/key/change/", views.new_key, name="change_key"),
]
