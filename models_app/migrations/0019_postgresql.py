from django.db import migrations, models

# A row that each commit writes anew is to find room for that on its page; rows that come and go are to be
# cleared up behind them soon, whatever share of the table they are.
_STORAGE = (
    "ALTER TABLE models_app_servedmodel SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02)",
    "ALTER TABLE models_app_pendingprediction SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, "
    "autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0)",
    "ALTER TABLE models_app_journalsegment SET (autovacuum_vacuum_insert_scale_factor = 0.1)",
    "ALTER TABLE models_app_journalsegment "
    "ALTER COLUMN commit_xid SET DEFAULT (pg_current_xact_id()::text::bigint)",
)


def set_up(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in _STORAGE:
            schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('models_app', '0018_snapshot_objects'),
    ]

    operations = [
        migrations.AddField(
            model_name='journalsegment',
            name='commit_xid',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='journalsegment',
            index=models.Index(condition=models.Q(('commit_xid__isnull', False)), fields=['commit_xid', 'id'], name='segment_by_commit'),
        ),
        migrations.RunPython(set_up, migrations.RunPython.noop, elidable=False),
    ]
