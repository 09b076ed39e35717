from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "daedap.connectors"

    def ready(self) -> None:
        from daedap.connectors.email import subscriptions

        subscriptions.wire()
