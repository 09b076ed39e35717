"""Addresses every site answers. Health is asked on any host."""

from django.conf import settings
from django.urls import path

from daedap.core import views

app_name = "core"

urlpatterns = [
    path("-/language/", views.language, name="language"),
]

if settings.DEVELOPMENT_PAGES:
    urlpatterns += []
