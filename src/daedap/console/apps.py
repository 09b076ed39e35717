from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "daedap.console"

    def ready(self) -> None:
        from daedap.console import navigation
        from daedap.core.navigation import add_account_links, add_section, add_tabs

        add_tabs(navigation.service_tabs)
        add_section(navigation.service_management, order=21)
        add_section(navigation.global_management, order=30)
        add_account_links(navigation.account_links, order=10)
