from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("models_app", "0014_feature_contracts"),
    ]

    operations = [
        migrations.AddField(
            model_name="servedmodel",
            name="signed_by",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
    ]
