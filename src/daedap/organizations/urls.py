from django.urls import path

from daedap.organizations import views, views_administrators, views_info, views_second_step

app_name = "organizations"

urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("login/second-step/", views_second_step.page, name="second_step"),
    path("login/second-step/state/", views_second_step.state, name="second_step_state"),
    path("login/second-step/resend/", views_second_step.resend, name="second_step_resend"),
    path("login/approve/<str:token>/", views_second_step.approve, name="approve_sign_in"),
    path("login/change-password/", views.change_password, name="change_password"),
    path("login/find-password/", views.find_password, name="find_password"),
    path("login/find-password/sent/", views.find_password_sent, name="find_password_sent"),
    path("login/password/<str:token>/", views.set_password, name="set_password"),
    path("admin/organization/", views_info.info, name="info"),
    path("admin/organization/key/show/", views_info.show_key, name="show_key"),
    path("admin/organization/key/change/", views_info.new_key, name="change_key"),
    path("admin/organization/key/cut/", views_info.cut_key, name="cut_key"),
    path("admin/administrators/", views_administrators.administrators, name="administrators"),
    path("admin/administrators/add/", views_administrators.add, name="administrator_add"),
    path("admin/administrators/<int:member_id>/remove/", views_administrators.remove, name="administrator_remove"),
    path("admin/administrators/invite/", views_administrators.invite, name="invite"),
    path("admin/administrators/<int:member_id>/invite-again/", views_administrators.resend, name="invitation_resend"),
    path("admin/administrators/<int:member_id>/cancel/", views_administrators.cancel, name="invitation_cancel"),
]
