from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "daedap.accounts"

    def ready(self) -> None:
        from daedap.accounts import mail_samples

        mail_samples.register()
