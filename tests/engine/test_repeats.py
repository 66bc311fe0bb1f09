import logging

import pytest

from models_app.engine.repeats import Repeats


@pytest.fixture
def times() -> list[float]:
    return [1000.0]


@pytest.fixture
def repeats(times: list[float]) -> Repeats:
    return Repeats(logging.getLogger("repeated"), clock=lambda: times[-1])


class TestRepeats:
    def test_logs_a_reason_at_once_then_once_a_minute_with_the_number_of_others(
        self, repeats: Repeats, times: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        for second in range(130):
            times.append(1000.0 + second)
            repeats.warning("full", "'%s' is refused", second)

        assert caplog.messages == [
            "'0' is refused",
            "'60' is refused (59 more like this since the last)",
            "'120' is refused (59 more like this since the last)",
        ]

    def test_logs_another_reason_at_once(self, repeats: Repeats, caplog: pytest.LogCaptureFixture) -> None:
        for reason in ("full", "locked", "full"):
            repeats.warning(reason, "%s", reason)

        assert caplog.messages == ["full", "locked"]

    def test_remembers_so_many_reasons_only(self, repeats: Repeats, caplog: pytest.LogCaptureFixture) -> None:
        for number in range(101):
            repeats.warning(f"reason {number}", "%d", number)
        repeats.warning("reason 0", "again")
        repeats.warning("reason 100", "not again")

        assert caplog.messages[-2:] == ["100", "again"]
        assert len(repeats._logged_at) <= 100
