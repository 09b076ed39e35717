from django.urls import path, re_path

from daedap.openapi import helpcentre, organization, service
from daedap.openapi.attachments import attachment
from daedap.openapi.door import public_api, unknown

app_name = "openapi"

ADMIN = "openapi/v1/admin/"

urlpatterns = [
    path(f"{ADMIN}service/add.json", organization.service_add, name="service_add"),
    path(f"{ADMIN}service/list.json", organization.service_list, name="service_list"),
    path(f"{ADMIN}service/disable.json", organization.service_disable, name="service_disable"),
    path(f"{ADMIN}service/enable.json", organization.service_enable, name="service_enable"),
    path(f"{ADMIN}service/apikey/refresh.json", organization.service_key, name="service_key"),
    path(f"{ADMIN}service/<service:service_id>.json", organization.service, name="service"),
    path(f"{ADMIN}billing/reg.json", organization.billing_add, name="billing_add"),
    path(f"{ADMIN}billing/list.json", organization.billing_list, name="billing_list"),
    path(f"{ADMIN}billing/update/<int:billing_id>.json", organization.billing_update, name="billing_update"),
    path(
        f"{ADMIN}billing/service/<service:service_id>.json", organization.billing_of_service, name="billing_of_service"
    ),
    path(f"{ADMIN}billing/<int:billing_id>.json", organization.billing, name="billing"),
    path("<service:service_id>/api/v2/ticket/attachments/<str:public_id>", public_api(attachment), name="attachment"),
    path("<service:service_id>/api/v2/ticket/attachments/<str:public_id>/", public_api(attachment)),
    path("<service:service_id>/api/v2/service.json", service.public_service, name="public_service"),
    path("<service:service_id>/openapi/v1/service.json", service.signed_service, name="signed_service"),
    path("<service:service_id>/hc/openapi/v1/addition.json", helpcentre.addition, name="addition"),
    re_path(r"^(?:[^/]+/)?(?:hc/)?openapi/", unknown),
    re_path(r"^[^/]+/api/v2/", unknown),
]
