"""Classes that are not served as River has them, and why."""

_OVERFLOWS = "Its weights overflow on the battery's records, and a learn that overflows is refused."
_HAS_NO_PROBABILITIES = "It has no probabilities: a binary classification may refuse it."

EXCEPTIONS: dict[str, str] = {
    "facto.FFMRegressor": _OVERFLOWS,
    "facto.FMRegressor": _OVERFLOWS,
    "facto.FwFMRegressor": _OVERFLOWS,
    "facto.HOFMRegressor": _OVERFLOWS,
    "ensemble.VotingClassifier": _HAS_NO_PROBABILITIES,
    "multiclass.OneVsOneClassifier": _HAS_NO_PROBABILITIES,
    "multiclass.OutputCodeClassifier": _HAS_NO_PROBABILITIES,
}
