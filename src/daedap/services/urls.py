from django.urls import path

from daedap.services import views, views_access_log, views_basics, views_contract, views_permission_log

app_name = "services"

urlpatterns = [
    path("admin/services/", views_basics.service_list, name="list"),
    path("admin/services/add/", views_basics.service_add, name="add"),
    path("admin/services/<service:service_id>/basics/", views_basics.service_basics, name="basics"),
    path("admin/services/<service:service_id>/banner/", views_basics.service_banner_edit, name="banner_edit"),
    path("admin/services/<service:service_id>/state/", views_contract.service_state, name="state"),
    path("admin/services/<service:service_id>/terminate/", views_contract.service_terminate, name="terminate"),
    path("<service:service_id>/banner/<str:public_id>", views_basics.banner, name="banner"),
    path("<service:service_id>/agents/", views.agents, name="agents"),
    path("<service:service_id>/agents/add/", views.agent_add, name="agent_add"),
    path("admin/permission-log/", views_permission_log.log, name="permission_log"),
    path("console/access-log/", views_access_log.log, name="access_log"),
    path("console/access-log/excel/", views_access_log.excel, name="access_log_excel"),
    path("admin/permission-log/excel/", views_permission_log.excel, name="permission_log_excel"),
    path("<service:service_id>/agents/invite/", views.agent_invite, name="agent_invite"),
    path(
        "<service:service_id>/agents/invitations/<int:member_id>/again/",
        views.invitation_resend,
        name="invitation_resend",
    ),
    path(
        "<service:service_id>/agents/invitations/<int:member_id>/cancel/",
        views.invitation_cancel,
        name="invitation_cancel",
    ),
    path("<service:service_id>/agents/<int:agent_id>/", views.agent_edit, name="agent_edit"),
    path("<service:service_id>/agents/<int:agent_id>/remove/", views.agent_remove, name="agent_remove"),
]
