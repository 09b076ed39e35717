from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "daedap.services"

    def ready(self) -> None:
        from daedap.core.events import subscribe

        subscribe("organizations.member_removed", "services.remove_agents_of_member")
