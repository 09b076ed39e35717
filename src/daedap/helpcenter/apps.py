from django.apps import AppConfig


class HelpCenterConfig(AppConfig):
    name = "daedap.helpcenter"

    def ready(self) -> None:
        from daedap.core.navigation import add_section
        from daedap.helpcenter import navigation

        add_section(navigation.service_management, order=20)
