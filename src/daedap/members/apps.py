from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "daedap.members"

    def ready(self) -> None:
        from daedap.core.events import subscribe
        from daedap.core.navigation import add_section
        from daedap.members import navigation, tasks

        add_section(navigation.service_management, order=20)
        subscribe("organizations.key_changed", tasks.end_sessions_of_organization.name)
