"""The group "Model managers", whose members share connections and manage the global ones."""

from django.db import migrations

GROUP = "Model managers"
# What the admin asks before it asks whose row it is.
PERMISSIONS = {
    "connection": ["manage_global", *(f"{verb}_connection" for verb in ("add", "change", "delete", "view"))],
    "llmmodel": [f"{verb}_llmmodel" for verb in ("add", "change", "delete", "view")],
}


def create_group(apps, schema_editor):
    # Django creates permissions after all migrations have run; what this group needs is created here if it is not there.
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=GROUP)
    for model, codenames in PERMISSIONS.items():
        content_type, _ = content_types.get_or_create(app_label="registry", model=model)
        for codename in codenames:
            permission, _ = permissions.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": codename.replace("_", " ").capitalize()}
            )
            group.permissions.add(permission)


def delete_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(create_group, delete_group)]
