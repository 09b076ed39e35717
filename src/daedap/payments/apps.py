from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "daedap.payments"

    def ready(self) -> None:
        from daedap.payments import mail_samples

        mail_samples.register()
