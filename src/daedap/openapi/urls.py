from django.urls import path

from daedap.openapi.attachments import attachment

app_name = "openapi"

urlpatterns = [
    path("api/v2/ticket/attachments/<str:public_id>", attachment, name="attachment"),
    path("api/v2/ticket/attachments/<str:public_id>/", attachment),
]
