"""The audit trail: to look at."""

from django.contrib import admin

from models_app.admin.read_only import ReadOnlyAdmin
from models_app.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    """Who did what, the newest first."""

    list_display = ("acted_at", "actor", "origin", "action", "model", "details")
    list_display_links = ("acted_at",)
    fields = (*list_display, "digest")
    readonly_fields = fields
    # By a prefix of the name, along an index.
    search_fields = ("model__startswith",)
    search_help_text = "The beginning of a model's name."
    ordering = ("-pk",)
