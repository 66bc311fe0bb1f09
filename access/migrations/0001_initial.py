from django.db import migrations, models
from django.db.models.functions import Length

models.CharField.register_lookup(Length)

GROUPS = ("viewer", "operator", "owner")


def make_groups(apps, _schema_editor):
    groups = apps.get_model("auth", "Group").objects
    for name in GROUPS:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Who or what uses it.", max_length=100)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("scopes", models.JSONField(default=list)),
                ("patterns", models.JSONField(blank=True, default=list)),
                ("created_at", models.DateTimeField(editable=False)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "API token",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=("name",),
                        name="one_valid_token_of_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("digest__length", 64)), name="token_digest_is_a_sha256"
                    ),
                ],
            },
        ),
        # Groups stay when this is undone: people may be in them.
        migrations.RunPython(make_groups, migrations.RunPython.noop),
    ]
