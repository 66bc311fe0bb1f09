from django.db import migrations, models


def name_flavor(apps, schema_editor):
    """Let the samples over all models be of the flavor that all of them had."""
    configuration = apps.get_model('models_app', 'Configuration').objects.first()
    if configuration is not None:
        over_all = apps.get_model('monitoring', 'MetricSnapshot').objects.filter(model=None)
        over_all.update(flavor=configuration.flavor)


class Migration(migrations.Migration):

    dependencies = [
        ('models_app', '0007_flavor_metrics'),
        ('monitoring', '0005_alert_delivery'),
    ]

    operations = [
        migrations.AddField(
            model_name='metricsnapshot',
            name='flavor',
            field=models.CharField(blank=True, default='', max_length=32),
        ),
        migrations.RunPython(name_flavor),
        migrations.AddIndex(
            model_name='metricsnapshot',
            index=models.Index(
                condition=models.Q(('model', None)),
                fields=['flavor', 'time'],
                name='metrics_over_models',
            ),
        ),
    ]
