"""The journal: to look at."""

import msgspec
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from models_app.admin import rendering
from models_app.admin.filters import is_chosen
from models_app.admin.of_models import OfModelAdmin
from models_app.domain.learns import Learn
from models_app.models import JournalSegment, ServedModel
from models_app.models.segments import to_segment


@admin.register(JournalSegment)
class JournalSegmentAdmin(OfModelAdmin[JournalSegment]):
    """Segments, the newest first; each shows its learns."""

    list_display = ("title", "model_link", "n_learns", "generation", "committed_at")
    list_display_links = ("title",)
    fields = ("model", "generation", "first_seq", "last_seq", "committed_at", "learn_table")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[JournalSegment]:
        """Leave the learns in the database until somebody looks at one segment's."""
        return super().get_queryset(request).defer("learns")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Sort along an index."""
        return ("-generation", "-first_seq") if is_chosen(request) else ("-pk",)

    @admin.display(description="learns")
    def title(self, row: JournalSegment) -> str:
        """Return which one it is, in words."""
        return f"{row.first_seq:,} to {row.last_seq:,}"

    @admin.display(description="number")
    def n_learns(self, row: JournalSegment) -> int:
        """Return how many learns were committed together."""
        return row.last_seq - row.first_seq + 1

    @admin.display(description="learns")
    def learn_table(self, row: JournalSegment) -> str:
        """Return the learns as a table."""
        segment = to_segment(row.first_seq, row.last_seq, row.learns)
        learns = enumerate(segment.learns, start=segment.first_seq)
        rows = [_row(seq, learn, row.model) for seq, learn in learns]
        return render_to_string("admin/models_app/learns.html", {"rows": rows})


def _row(seq: int, learn: Learn, model: ServedModel) -> dict[str, object]:
    return {
        "seq": seq,
        "prediction_id": learn.prediction_id,
        "features": rendering.features_text(bytes(learn.features), model),
        "prediction": rendering.prediction(learn.prediction, model),
        "ground_truth": msgspec.json.encode(learn.ground_truth).decode(),
        "predicted_at": rendering.moment(learn.predicted_at),
        "learned_at": rendering.moment(learn.learned_at),
    }
