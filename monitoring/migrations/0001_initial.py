from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="CallStatistics",
            fields=[
                ("route", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("n_calls", models.BigIntegerField()),
                ("mean_ns", models.FloatField()),
                ("ewm_ns", models.FloatField()),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "call statistics",
                "verbose_name_plural": "call statistics",
            },
        ),
    ]
