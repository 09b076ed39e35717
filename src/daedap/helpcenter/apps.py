from django.apps import AppConfig


class HelpCenterConfig(AppConfig):
    name = "daedap.helpcenter"
