from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    name = "daedap.services"
    verbose_name = _("Services")

    def ready(self) -> None:
        from daedap.core.events import subscribe

        subscribe("organizations.member_removed", "services.remove_agents_of_member")
