from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    name = "daedap.organizations"
    verbose_name = _("Organizations")

    def ready(self) -> None:
        from daedap.organizations import mail_samples

        mail_samples.register()
