"""The rules in words, with the values in force."""

from monitoring.statuses.rules import MIN_CALLS, RECENT_LEARNS, Status, Thresholds

_REFUSED = f"more than {{:.0%}} of its calls of five minutes were refused; from {MIN_CALLS} calls on"
_WORSE = (
    "its recent metric is worse than the one since the upload by more than {:.0%}; "
    f"from {2 * RECENT_LEARNS:,} learns on"
)
_NO_TRUTHS = "it is asked, has heard no ground truth for {:g} minutes, and predictions wait"


def explained(thresholds: Thresholds) -> list[tuple[Status, str]]:
    """Return when a model has which status, the worst first; what never holds is left out.

    >>> from monitoring.statuses.rules import DEFAULTS
    >>> dict(explained(DEFAULTS))["drifting"]
    'drift was found within the last 60 minutes'
    """
    found: list[tuple[Status, float | None, str]] = [
        ("quarantined", 1, "it has ended its process three times and is not loaded any more"),
        ("not loadable", 1, "it could not be loaded when it was asked last"),
        ("stuck", thresholds.stuck_seconds, "it has been busy with one thing for {:g} s or longer"),
        ("failing", thresholds.refused_share, _REFUSED),
        ("failing", thresholds.worse_by, _WORSE),
        ("failing", thresholds.p99_ms, "one call in a hundred takes longer than {:g} ms"),
        ("no truths", _minutes(thresholds.truths_seconds), _NO_TRUTHS),
        ("drifting", _minutes(thresholds.drift_seconds), "drift was found within the last {:g} minutes"),
        ("learning", RECENT_LEARNS, "it has fewer than {:,} learns"),
        ("well", 1, "none of these"),
    ]
    return [(status, text.format(value)) for status, value, text in found if value is not None]


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
