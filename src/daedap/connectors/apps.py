from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "daedap.connectors"
