from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "daedap.files"

    def ready(self) -> None:
        from daedap.core import health
        from daedap.files import scanner

        health.watch_helper("virus_scanner", scanner.is_well)
