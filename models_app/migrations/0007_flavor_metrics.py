from django.db import migrations, models

from models_app.domain.errors import ModelNotLoadable
from models_app.models.signing import signer


def carry_over(apps, schema_editor):
    """Take the metrics over all models for those of the instance's flavor, signed for it."""
    flavors = apps.get_model('models_app', 'FlavorMetrics')
    for row in apps.get_model('models_app', 'Configuration').objects.all():
        kept, signature = row.metrics_bytes, row.metrics_signature
        # SQLite keeps anything anywhere; what is no bytes was signed by nobody.
        data = bytes(kept) if isinstance(kept, bytes | memoryview) else b''
        context = f'metrics of {row.epoch} up to segment {row.metrics_position}'
        try:
            signer().check(context, signature, data)
        except ModelNotLoadable:
            # They were refused before, and are to be refused after it.
            pass
        else:
            signature = signer().sign(
                f'metrics of {row.epoch}, flavor {row.flavor}, up to segment {row.metrics_position}', data
            )
        flavors.objects.create(
            flavor=row.flavor,
            metrics_bytes=data,
            metrics_signature=signature,
            metrics_position=row.metrics_position,
        )


class Migration(migrations.Migration):

    dependencies = [
        ('models_app', '0006_journal_positions'),
    ]

    operations = [
        migrations.CreateModel(
            name='FlavorMetrics',
            fields=[
                ('flavor', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('metrics_bytes', models.BinaryField()),
                ('metrics_signature', models.CharField(max_length=64)),
                ('metrics_position', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name': 'metrics of a flavor',
                'verbose_name_plural': 'metrics of flavors',
            },
        ),
        migrations.RunPython(carry_over),
        migrations.RemoveField(
            model_name='configuration',
            name='metrics_bytes',
        ),
        migrations.RemoveField(
            model_name='configuration',
            name='metrics_signature',
        ),
        migrations.AlterField(
            model_name='configuration',
            name='flavor',
            field=models.CharField(blank=True, max_length=32),
        ),
    ]
