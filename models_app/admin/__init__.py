"""The admin: everything that is stored, to look at; what may be done goes through the services."""

from django.contrib import admin

from models_app.admin import panels, start
from models_app.admin.audit import AuditEntryAdmin
from models_app.admin.configuration import ConfigurationAdmin
from models_app.admin.journal import JournalSegmentAdmin
from models_app.admin.pending import PendingPredictionAdmin
from models_app.admin.served import ServedModelAdmin
from models_app.admin.snapshots import SnapshotAdmin

__all__ = [
    "AuditEntryAdmin",
    "ConfigurationAdmin",
    "JournalSegmentAdmin",
    "PendingPredictionAdmin",
    "ServedModelAdmin",
    "SnapshotAdmin",
]

admin.site.site_header = "Chantilly on Django"
admin.site.site_title = "Chantilly on Django"
admin.site.index_title = "The instance"
panels.ON_START.add(start.PANEL)
