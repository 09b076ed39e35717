from django.urls import path

from daedap.services import views

app_name = "services"

urlpatterns = [
    path("admin/services/", views.service_list, name="list"),
    path("admin/services/add/", views.service_add, name="add"),
    path("<service:service_id>/agents/", views.agents, name="agents"),
    path("<service:service_id>/agents/add/", views.agent_add, name="agent_add"),
    path("<service:service_id>/agents/<int:agent_id>/", views.agent_edit, name="agent_edit"),
    path("<service:service_id>/agents/<int:agent_id>/remove/", views.agent_remove, name="agent_remove"),
]
