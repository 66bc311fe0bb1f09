import json
import logging
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from models_app.models import ServedModel
from monitoring.drift import formats
from monitoring.drift.alerts import report
from monitoring.models import DriftAlert


@pytest.mark.parametrize("name", ["x\n2026-01-01 ERROR root: all is lost", "x\r", "x\u2028"])
def test_a_features_name_begins_no_line_of_the_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "monitoring.drift")
    alert = DriftAlert(
        model=ServedModel(name="m"), kind="drift", source=f"feature {name}", detector="ADWIN", seq=3,
        value=0.5, time=datetime.now(UTC), generation=1,
    )  # fmt: skip

    report([alert])

    (record,) = caplog.records
    assert record.getMessage().splitlines() == [record.getMessage()]
    assert "of 'feature x" in record.getMessage()


def alert(way: str, source: str = "feature size", kind: str = "drift") -> DriftAlert:
    return DriftAlert(
        model=ServedModel(name="m", features_kept=way), kind=kind, source=source, detector="KSWIN", seq=3,
        value=7654.25, time=timezone.now(), generation=1,
    )  # fmt: skip


class TestTheNumberOfAFeature:
    @pytest.mark.parametrize("way", ["hashed", "none"])
    def test_is_shown_nowhere_where_features_are_not(
        self, way: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        report([alert(way)])

        assert formats.alert_fields(alert(way))["value"] is None
        assert json.loads(formats.webhook_message(alert(way), "opened"))["data"]["value"] is None
        assert "of feature size at learn 3" in caplog.text
        assert "7654" not in caplog.text

    def test_is_shown_where_features_are_and_where_it_is_none(self, caplog: pytest.LogCaptureFixture) -> None:
        shown = [alert("all"), alert("none", source="error"), alert("none", kind="contract")]

        report(shown)

        assert [formats.shown_value(one) for one in shown] == [7654.25] * 3
        assert caplog.text.count("(7654)") == 2

    @pytest.mark.django_db
    def test_is_not_shown_of_a_message_that_was_made_when_it_was(self) -> None:
        message = formats.webhook_message(alert("all"), "opened")
        model = ServedModel(
            name="m", flavor="binary", features_kept="none", size_bytes=1, uploaded_at=timezone.now()
        )
        assert json.loads(formats.shown_message(message)) == json.loads(message)

        model.save()

        assert json.loads(formats.shown_message(message))["data"]["value"] is None
