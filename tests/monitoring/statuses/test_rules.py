from dataclasses import replace

import pytest

from monitoring.statuses.rules import STATUSES, Facts, Status, judge

WELL = Facts(
    is_read_only=False, n_learns=100_000, n_pending=3, truth_age=2.0, prediction_age=1.0, drift_age=None,
    busy_seconds=None, headline="Accuracy", lasting=0.83, recent=0.85, bigger_is_better=True,
)  # fmt: skip


class TestJudge:
    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({}, "well"),
            ({"n_learns": 0, "lasting": None, "recent": None}, "learning"),
            ({"n_learns": 0, "is_read_only": True}, "well"),
            ({"truth_age": 7_200.0, "is_read_only": True}, "well"),
            # The last thousand fell from 0.85 to 0.15.
            ({"lasting": 0.81, "recent": 0.15}, "failing"),
            ({"lasting": 0.8, "recent": 0.61}, "well"),
            ({"lasting": 0.8, "recent": 0.59}, "failing"),
            ({"lasting": 0.81, "recent": 0.15, "n_learns": 1_999}, "well"),
            ({"lasting": 0.81, "recent": 0.15, "bigger_is_better": None}, "well"),
            ({"lasting": 2.0, "recent": 1.0, "bigger_is_better": False}, "well"),
            ({"lasting": 2.0, "recent": 2.6, "bigger_is_better": False}, "failing"),
            ({"lasting": -0.5, "recent": -0.7}, "failing"),
            ({"truth_age": 3_600.0}, "no truths"),
            ({"truth_age": 3_599.0}, "well"),
            ({"truth_age": 7_200.0, "n_pending": 0}, "well"),
            # Nobody asks it: it rests.
            ({"truth_age": 7_200.0, "prediction_age": 7_201.0}, "well"),
            ({"truth_age": 7_200.0, "prediction_age": None}, "well"),
            ({"drift_age": 3_599.0}, "drifting"),
            ({"drift_age": 3_600.0}, "well"),
            ({"busy_seconds": 10.0}, "stuck"),
            ({"busy_seconds": 9.9}, "well"),
            ({"n_learns": 999}, "learning"),
            ({"busy_seconds": 10.0, "quarantine": "at work at 3 ends"}, "quarantined"),
        ],
    )
    def test_finds_the_status(self, changes: dict[str, object], status: Status) -> None:
        verdict = judge(replace(WELL, **changes))  # type: ignore[arg-type]  # as the parameters have it

        assert verdict.status == status
        assert bool(verdict.reasons) == (status != "well")

    def test_takes_the_worst_and_gives_all_reasons(self) -> None:
        verdict = judge(replace(WELL, recent=0.15, drift_age=120.0))

        assert (verdict.status, verdict.rank) == ("failing", STATUSES.index("failing"))
        assert verdict.reasons == (
            "Accuracy of 0.15 over the last 1,000 learns, 0.83 since the upload",
            "drift was found 2 minutes ago",
        )
