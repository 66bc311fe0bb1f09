from dataclasses import replace

import pytest

from monitoring.statuses.rules import STATUSES, Facts, Limit, Status, Thresholds, judge

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
            ({"is_loadable": False}, "not loadable"),
            ({"n_calls": 20, "n_refused": 11}, "failing"),
            ({"n_calls": 20, "n_refused": 10}, "well"),
            ({"n_calls": 19, "n_refused": 19}, "well"),
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
        assert verdict.rules == (("failing", None), ("drifting", 120.0))

    @pytest.mark.parametrize(
        ("changes", "thresholds", "status"),
        [
            ({"p99_ms": 21.0}, Thresholds(p99_ms=20.0), "failing"),
            ({"p99_ms": 20.0}, Thresholds(p99_ms=20.0), "well"),
            ({"p99_ms": 21.0}, Thresholds(), "well"),
            ({"recent": 0.15}, Thresholds(worse_by=None), "well"),
            ({"recent": 0.75}, Thresholds(worse_by=0.05), "failing"),
            ({"n_calls": 100, "n_refused": 100}, Thresholds(refused_share=None), "well"),
            ({"n_calls": 100, "n_refused": 2}, Thresholds(refused_share=0.01), "failing"),
            ({"drift_age": 1.0}, Thresholds(drift_seconds=None), "well"),
            ({"truth_age": 99.0}, Thresholds(truths_seconds=60.0), "no truths"),
            ({"busy_seconds": 99.0}, Thresholds(stuck_seconds=None), "well"),
            ({"recent_metrics": {"F1": 0.69}}, Thresholds(limits=(Limit("F1", True, 0.7),)), "failing"),
            ({"recent_metrics": {"F1": 0.7}}, Thresholds(limits=(Limit("F1", True, 0.7),)), "well"),
            ({"recent_metrics": {"MAE": 2.1}}, Thresholds(limits=(Limit("MAE", False, 2.0),)), "failing"),
            ({"recent_metrics": {"MAE": None}}, Thresholds(limits=(Limit("MAE", False, 2.0),)), "well"),
            (
                {"recent_metrics": {"F1": 0.1}, "n_learns": 999},
                Thresholds(limits=(Limit("F1", True, 0.7),)),
                "learning",
            ),
        ],
    )
    def test_holds_to_thresholds(
        self, changes: dict[str, object], thresholds: Thresholds, status: Status
    ) -> None:
        verdict = judge(replace(WELL, **changes), thresholds)  # type: ignore[arg-type]  # as above

        assert verdict.status == status

    def test_says_what_a_limit_is_beyond(self) -> None:
        limit = Limit("F1", True, 0.7)

        verdict = judge(replace(WELL, recent_metrics={"F1": 0.65}), Thresholds(limits=(limit,)))

        assert verdict.reasons == ("F1 of 0.65 over the last 1,000 learns, below 0.7",)
