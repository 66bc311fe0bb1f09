import logging
from datetime import UTC, datetime

import pytest

from models_app.models import ServedModel
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
