from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise

import pytest

from models_app.services.housekeeping import _TIDY_SECONDS
from monitoring.history.levels import LEVELS, level_of
from monitoring.history.sampling import thin
from monitoring.models import MetricSnapshot

HOUR = 3_600
DAY = 24 * HOUR
START = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
TICK = int(_TIDY_SECONDS)


def kept_until(level: int, time: float) -> float | None:
    """When a sample of that level is to go; None: never."""
    kept = LEVELS[level].kept_seconds
    return None if kept is None else time + kept


def n_kept(step_seconds: int, days: int) -> int:
    """How many samples are left of so many days. `step_seconds` divides a minute."""
    start = int(START.timestamp())
    end = start + days * DAY
    # Of what is older than an hour, only the first sample of a minute can be left: the others need no look.
    times = chain(range(start, end - HOUR, 60), range(end - HOUR, end + 1, step_seconds))
    n = 0
    for time in times:
        until = kept_until(level_of(time, time - step_seconds if time > start else None), time)
        n += until is None or until >= end
    return n


class TestLevels:
    @pytest.mark.parametrize(
        ("step_seconds", "days", "n"),
        # Every tick, as a model is sampled that learns 1,000 times in it; or every ten seconds.
        [
            (TICK, 1, 3_181),
            (TICK, 30, 5_965),
            (TICK, 365, 7_976),
            (10, 1, 1_741),
            (10, 30, 4_525),
            (10, 365, 6_536),
        ],
    )
    def test_keep_the_past_of_a_busy_model_small(self, step_seconds: int, days: int, n: int) -> None:
        assert n_kept(step_seconds, days) == n

    def test_keep_one_sample_a_day_for_good(self) -> None:
        assert kept_until(level_of(DAY, DAY - 1), DAY) is None


class TestThin:
    def test_leaves_what_the_levels_say(self, transactional_db: None) -> None:
        previous, rows = None, []
        for number in range(DAY // 10 + 1):
            time = START + timedelta(seconds=10 * number)
            level = level_of(time.timestamp(), previous)
            previous = time.timestamp()
            rows.append(
                MetricSnapshot(
                    generation=0, seq=number, time=time, n_predictions=0, values={}, rolling={}, level=level
                )
            )
        MetricSnapshot.objects.bulk_create(rows, batch_size=500)
        now = START + timedelta(days=1)

        thin(now=now)

        left = MetricSnapshot.objects.order_by("time")
        expected = [
            row.seq
            for row in rows
            if (kept_until(row.level, row.time.timestamp()) or now.timestamp()) >= now.timestamp()
        ]
        assert [row.seq for row in left] == expected
        assert len(expected) == 361 + 23 * 60
        # The newest hour is whole, what is older has a sample a minute.
        ages = [(now - row.time).total_seconds() for row in left]
        steps = {round(older - newer) for older, newer in pairwise(ages)}
        assert steps <= {10, 20, 30, 40, 50, 60}
        assert ages[0] == DAY
