from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "daedap.tickets"

    def ready(self) -> None:
        from daedap.core.events import subscribe

        subscribe("services.service_created", "tickets.create_default_category")
