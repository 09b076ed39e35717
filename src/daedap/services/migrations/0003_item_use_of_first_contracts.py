from typing import Any

from django.db import migrations
from django.utils import timezone


def begin_use(apps: Any, schema_editor: Any) -> None:
    """Contracts made before their days were written down: in use since they were made."""
    items = apps.get_model("services", "ContractItem")._base_manager.select_related("service")
    use = apps.get_model("services", "ItemUse")
    use._base_manager.bulk_create(
        use(
            organization_id=item.organization_id,
            service_pk=item.service_id,
            service_name=item.service.name,
            service_type=item.service.type,
            code=item.code,
            first_day=timezone.localdate(item.created_at, timezone.get_default_timezone()),
        )
        for item in items.iterator()
    )


class Migration(migrations.Migration):
    dependencies = [("services", "0002_contracts")]

    operations = [migrations.RunPython(begin_use, migrations.RunPython.noop)]
