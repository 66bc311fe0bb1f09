"""Bounds of what a specification may ask for: a few characters can describe more than a machine holds.

What is within them is still built under the limits of a trial first; these let most bombs cost no process.
"""

from collections.abc import Mapping

from models_app.domain.specs import allowing
from models_app.domain.specs.forms import Chain, Collection, Mapped, Part, Value

#: Bytes of a text, levels, values in all, characters of a string.
MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_VALUES = 20_000
MAX_TEXT = 1_000
MAX_INTEGER = 2**63 - 1
#: Parts once each ensemble has its copies; large windows and trees count as some.
MAX_PARTS = 10_000

_MANY, _WINDOW, _LOOPS = (1, 10_000), (0, 100_000), (0, 1_000)

#: By parameter, or by class and parameter: the least and the most.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("n_models", "n_estimators", "n_trees", "code_size", "n_clusters"), (1, 1_000)),
    **dict.fromkeys(
        (
            "n_bins", "n_random_cuts", "n_factors", "n_components", "n_neighbors", "n_thresholds", "n_splits",
            "max_bins", "max_micro_clusters", "n_macro_clusters", "num_macro", "k", "size",
            "split_buffer_size",
        ),
        _MANY,
    ),
    **dict.fromkeys(
        (
            "window_size", "sliding_window_size", "short_window_size", "stat_size", "maxlen", "warm_up",
            "chunk_size", "n_samples_init", "seasonality", "lag", "amount", "horizon", "warm_start",
            "warmup_period",
        ),
        _WINDOW,
    ),
    **dict.fromkeys(
        (
            "graph_k", "max_candidates", "n_iters", "number_of_samples", "burn_in_sweeps", "max_iter_e_step",
            "w", "sampling_rate",
        ),
        _LOOPS,
    ),
    "lambda_value": (0, 100),
    "lam": (0, 100),
    "height": (1, 15),
    "degree": (1, 10),
    "max_buckets": (1, 1_000),
    "clock": (1, 1_000_000),
    "min_window_length": (1, 1_000_000),
    "eta": (1.01, 1_000),
    "maximum_size_vocabulary": (1, 1_000_000),
    "capacity": (1, 10_000_000),
    "fp_rate": (1e-6, 1),
    "error_rate": (1e-3, 1),
    "ngram_range": (1, 10),
    "drift.DummyDriftDetector.w": (0, 1_000_000),
    "multioutput.MonteCarloClassifierChain.m": (1, 1_000),
    "sketch.Counter.epsilon": (1e-4, 1),
    "sketch.Counter.delta": (1e-9, 1),
    "time_series.SNARIMAX.p": _LOOPS,
    "time_series.SNARIMAX.q": _LOOPS,
    "time_series.SNARIMAX.m": (1, 1_000),
    "time_series.SNARIMAX.d": (0, 50),
    "time_series.SNARIMAX.sp": (0, 100),
    "time_series.SNARIMAX.sq": (0, 100),
    "time_series.SNARIMAX.sd": (0, 10),
}  # fmt: skip

_DISTANCES = frozenset({"tfidf_cosine_distance"})
#: Texts that River would run: a method that is looked up, an expression that can take forever.
_CHOICES: Mapping[str, frozenset[str]] = {
    "micro_distance": _DISTANCES,
    "macro_distance": _DISTANCES,
    "tokenizer_pattern": frozenset(
        {
            r"(?u)\b\w[\w\-]+\b", r"(?u)\b\w\w+\b", r"(?u)\b\w+\b", r"\b\w+\b", r"\w+", r"(?u)\w+", r"\S+",
            r"[a-z]+", r"[A-Za-z]+", r"[a-z0-9]+", r"[A-Za-z0-9]+", r"[^\s]+", r".",
        }
    ),
}  # fmt: skip

#: How many copies of what is in it a part makes, by the parameter that says so.
_COPIES = ("n_models", "n_estimators", "code_size")
_TREES = ("anomaly.HalfSpaceTrees", "feature_extraction.RandomTreesEmbedding")
# Nodes of trees that are made at once, and places of windows, that cost as much as a part.
_NODES_A_PART = 20
_PLACES_A_PART = 100


def fault(path: str, name: str, value: Value) -> str | None:
    """Say why a parameter of a class cannot have a value; None: it can.

    >>> fault("ensemble.BaggingClassifier", "n_models", 10**9)
    'must be a number from 1 to 1,000'
    >>> fault("drift.ADWIN", "clock", 32)
    """
    choices = _CHOICES.get(name)
    if choices is not None and not (isinstance(value, str) and value in choices):
        return f"must be one of {', '.join(sorted(choices))}"
    bound = _BOUNDS.get(f"{path}.{name}", _BOUNDS.get(name))
    if bound is None or value is None:
        return None
    low, high = bound
    members = value.members if isinstance(value, Collection) else (value,)
    if members and all(_within(each, bound) for each in members):
        return None
    return f"must be a number from {low:,} to {high:,}"


def _within(value: Value, bound: tuple[float, float]) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return bound[0] <= value <= bound[1]


def n_parts(value: Value) -> int:
    """Return how many parts a value has, or as much as many, with the copies that ensembles make."""
    if isinstance(value, Chain):
        return 1 + sum(n_parts(step.value) for step in value.steps)
    if isinstance(value, Collection):
        return sum(map(n_parts, value.members))
    if isinstance(value, Mapped):
        return sum(n_parts(member) for _, member in value.items)
    if not isinstance(value, Part):
        return 0
    within = 1 + sum(map(n_parts, value.params.values()))
    for name in _COPIES:
        within *= max(1, _number(value, name))
    return within + _nodes(value) // _NODES_A_PART + _places(value) // _PLACES_A_PART


def _nodes(part: Part) -> int:
    if part.path not in _TREES:
        return 0
    return _number(part, "n_trees") << (_number(part, "height") + 1)


def _places(part: Part) -> int:
    return sum(_number(part, name) for name, (_, high) in _BOUNDS.items() if high == _WINDOW[1])


def _number(part: Part, name: str) -> int:
    default = allowing.classes()[part.path].params.get(name)
    value = part.params.get(name, None if default is None or default.is_required else default.default)
    return int(value) if isinstance(value, int | float) else 0
