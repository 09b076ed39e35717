from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "daedap.organizations"

    def ready(self) -> None:
        from daedap.organizations import mail_samples

        mail_samples.register()
