from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "daedap.connectors"

    def ready(self) -> None:
        from daedap.connectors.email import mail_samples, subscriptions

        subscriptions.wire()
        mail_samples.register()
