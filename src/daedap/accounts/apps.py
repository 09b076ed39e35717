from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "daedap.accounts"
    verbose_name = _("Members")

    def ready(self) -> None:
        from daedap.accounts import mail_samples

        mail_samples.register()
