"""Addresses every site answers. Health is asked on any host."""

from django.conf import settings
from django.urls import path

from daedap.core import health, views

app_name = "core"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("-/language/", views.language, name="language"),
]

if settings.DEVELOPMENT_PAGES:
    from daedap.core.gallery import gallery
    from daedap.core.previews import mail_sample_html, mail_samples

    urlpatterns += [
        path("-/ui/", gallery, name="gallery"),
        path("-/mail/", views.mails, name="mails"),
        path("-/mail/templates/", mail_samples, name="mail_samples"),
        path("-/mail/templates/<str:kind>/<str:language>/", mail_sample_html, name="mail_sample_html"),
        path("-/mail/<str:name>/", views.mail, name="mail"),
        path("-/mail/<str:name>/html/", views.mail_html, name="mail_html"),
    ]
