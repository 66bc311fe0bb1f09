"""The table of served models."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models_app.models import ServedModel

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def served(name: str, **hours: float) -> ServedModel:
    """Add a model; the times are in hours after `THEN`."""
    times: dict[str, Any] = {field: THEN + timedelta(hours=n) for field, n in hours.items()}
    return ServedModel.objects.create(name=name, flavor="regression", size_bytes=1, **times)


@pytest.mark.django_db
class TestLastUsedFirst:
    def test_looks_at_whatever_happened_last(self) -> None:
        served("learned", uploaded_at=0, last_learned_at=2)
        served("predicted", uploaded_at=0, last_learned_at=1, last_predicted_at=4)
        served("learned and predicted", uploaded_at=0, last_learned_at=3, last_predicted_at=1)
        served("uploaded", uploaded_at=5)

        names = [model.name for model in ServedModel.objects.last_used_first()]

        assert names == ["uploaded", "predicted", "learned and predicted", "learned"]
