from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('models_app', '0005_predict_method'),
    ]

    operations = [
        migrations.RenameField(
            model_name='configuration',
            old_name='metrics_segment_id',
            new_name='metrics_position',
        ),
        migrations.AlterField(
            model_name='configuration',
            name='metrics_position',
            field=models.CharField(default='0', max_length=64),
        ),
    ]
