from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_api")]
    operations = [
        migrations.AlterField(
            model_name="usagerecord",
            name="source",
            field=models.CharField(
                choices=[
                    ("reported", "reported by the provider"),
                    ("estimated", "estimated"),
                    ("none", "nothing was used"),
                ],
                max_length=10,
            ),
        ),
    ]
