from django.urls import path

from daedap.billing import views

app_name = "billing"

urlpatterns = [path("admin/services/<service:service_id>/contract/", views.contract, name="contract")]
