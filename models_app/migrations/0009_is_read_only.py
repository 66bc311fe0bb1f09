from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("models_app", "0008_pending_is_learned"),
    ]

    operations = [
        migrations.AddField(
            model_name="servedmodel",
            name="is_read_only",
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name="read-only"),
        ),
    ]
