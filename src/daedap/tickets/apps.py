from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "daedap.tickets"

    def ready(self) -> None:
        from daedap.core.events import subscribe
        from daedap.core.navigation import add_section
        from daedap.tickets.navigation import rail

        subscribe("services.service_created", "tickets.create_default_category")
        subscribe("services.agent_removed", "tickets.release_tickets")
        subscribe("services.agent_changed", "tickets.release_tickets")
        add_section(rail, order=10)
