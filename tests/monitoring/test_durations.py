import pytest

from monitoring.durations import brief


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.000_05, "0.05 ms"),
        (0.001_254, "1.25 ms"),
        (59.9, "59.9 s"),
        (90.0, "1.5 min"),
        (7_200.0, "2 h"),
        (950_400.0, "11 d"),
    ],
)
def test_durations_are_shown_in_one_unit(seconds: float, text: str) -> None:
    assert brief(seconds) == text
