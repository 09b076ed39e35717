from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "daedap.portal"

    def ready(self) -> None:
        from daedap.core.navigation import add_account_links, add_section
        from daedap.portal import mail_samples, navigation

        add_account_links(navigation.account_links, order=10)
        add_section(navigation.my_page, order=10)
        add_section(navigation.organization_menu, order=10)
        mail_samples.register()
