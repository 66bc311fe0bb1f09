from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('models_app', '0003_generations'),
    ]

    operations = [
        migrations.AddField(
            model_name='servedmodel',
            name='predict_method',
            field=models.CharField(blank=True, default='', editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='servedmodel',
            name='remarks',
            field=models.JSONField(blank=True, default=list, editable=False),
        ),
    ]
