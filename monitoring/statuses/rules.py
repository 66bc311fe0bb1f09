"""The rules by which a model has its status, and the reasons for it. Pure: what is known comes as facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal[
    "quarantined", "not loadable", "stuck", "failing", "no truths", "drifting", "learning", "well"
]  # fmt: skip

#: The worst first.
STATUSES: tuple[Status, ...] = (
    "quarantined", "not loadable", "stuck", "failing", "no truths", "drifting", "learning", "well",
)  # fmt: skip
#: The last learns, which the recent metric is over.
RECENT_LEARNS = 1_000
#: Of fewer calls the share that is refused says little.
MIN_CALLS = 20


@dataclass(frozen=True, slots=True)
class Limit:
    """What the recent value of a metric must keep to: at least, or at most, a number."""

    metric: str
    is_lowest: bool
    value: float

    def holds(self, value: float) -> bool:
        """Say whether a value keeps to it."""
        return value >= self.value if self.is_lowest else value <= self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on the rules hold; None: never. Ages are in seconds.

    `stuck_seconds`: busy for so long with one thing. `worse_by`: the recent metric is worse than the one
    since the upload by more than this share of it. `refused_share`: more than this share of the calls of the
    last minutes was refused. `p99_ms`: a call takes longer. `truths_seconds`: no ground truth for so long.
    `drift_seconds`: drift was found within it. `limits` are for recent metrics.
    """

    stuck_seconds: float | None = 10.0
    worse_by: float | None = 0.25
    refused_share: float | None = 0.5
    p99_ms: float | None = None
    truths_seconds: float | None = 3_600.0
    drift_seconds: float | None = 3_600.0
    limits: tuple[Limit, ...] = ()


#: Those without settings.
DEFAULTS = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A model's figures. Ages are in seconds, None: it has not happened.

    `lasting` is the headline metric since the upload, `recent` over the last learns; `bigger_is_better` is
    None where nobody knows. `truth_age` is the time since the last learn, or the upload before the first.
    `quarantine` says why it is not loaded, and is empty where it is.
    `is_loadable` is false where it could not be loaded when it was asked last. Of `n_calls` in the last
    minutes `n_refused` were refused. `recent_metrics` are all metrics over the last learns.
    """

    is_read_only: bool
    n_learns: int
    n_pending: int
    truth_age: float
    prediction_age: float | None
    drift_age: float | None
    busy_seconds: float | None
    headline: str
    lasting: float | None
    recent: float | None
    bigger_is_better: bool | None
    quarantine: str = ""
    is_loadable: bool = True
    n_calls: int = 0
    n_refused: int = 0
    p99_ms: float | None = None
    recent_metrics: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A model's status, and why it is not well: a sentence for each rule that holds, the worst first.

    `rules` has the status that each of the reasons would make, and for how many seconds it holds; None: that
    is not known.
    """

    status: Status
    reasons: tuple[str, ...] = ()
    rules: tuple[tuple[Status, float | None], ...] = ()

    @property
    def rank(self) -> int:
        """The place of the status, 0 for the worst."""
        return STATUSES.index(self.status)


#: What no rule says anything of.
WELL = Verdict("well")


def judge(facts: Facts, thresholds: Thresholds = DEFAULTS) -> Verdict:
    """Return the status by the worst rule that holds, with the reasons of all that hold."""
    found = [(status, reason) for status, reason in _held(facts, thresholds) if reason]
    if not found:
        return WELL
    return Verdict(
        found[0][0],
        tuple(reason for _, reason in found),
        tuple((status, _age(status, facts, thresholds)) for status, _ in found),
    )


def _age(status: Status, facts: Facts, thresholds: Thresholds) -> float | None:
    """Return for how many seconds a rule holds; None where nobody knows."""
    match status:
        case "stuck":
            return facts.busy_seconds
        case "no truths":
            return facts.truth_age - (thresholds.truths_seconds or 0.0)
        case "drifting":
            return facts.drift_age
    return None


def _held(facts: Facts, thresholds: Thresholds) -> list[tuple[Status, str]]:
    """Return what each rule says, the worst first; an empty reason: it does not hold."""
    return [
        ("quarantined", facts.quarantine),
        ("not loadable", "" if facts.is_loadable else "it could not be loaded when it was asked last"),
        ("stuck", _stuck(facts, thresholds.stuck_seconds)),
        ("failing", _refusing(facts, thresholds.refused_share)),
        ("failing", _failing(facts, thresholds.worse_by)),
        *(("failing", _beyond(facts, limit)) for limit in thresholds.limits),
        ("failing", _slow(facts, thresholds.p99_ms)),
        ("no truths", _no_truths(facts, thresholds.truths_seconds)),
        ("drifting", _drifting(facts, thresholds.drift_seconds)),
        ("learning", _learning(facts)),
    ]


def _stuck(facts: Facts, seconds: float | None) -> str:
    if seconds is None or facts.busy_seconds is None or facts.busy_seconds < seconds:
        return ""
    return f"busy in its own code for {facts.busy_seconds:.0f} s"


def _refusing(facts: Facts, share: float | None) -> str:
    if share is None or facts.n_calls < MIN_CALLS or facts.n_refused <= share * facts.n_calls:
        return ""
    return f"{facts.n_refused:,} of the {facts.n_calls:,} calls of the last minutes were refused"


def _failing(facts: Facts, worse_by: float | None) -> str:
    # As long as the recent learns are most of all learns, both metrics say the same.
    if facts.n_learns < 2 * RECENT_LEARNS or facts.lasting is None or facts.recent is None:
        return ""
    if worse_by is None or facts.bigger_is_better is None:
        return ""
    loss = facts.lasting - facts.recent if facts.bigger_is_better else facts.recent - facts.lasting
    if loss <= worse_by * abs(facts.lasting):
        return ""
    return (
        f"{facts.headline} of {facts.recent:.4g} over the last {RECENT_LEARNS:,} learns, "
        f"{facts.lasting:.4g} since the upload"
    )


def _beyond(facts: Facts, limit: Limit) -> str:
    value = facts.recent_metrics.get(limit.metric)
    # The first learns say little of any metric.
    if facts.n_learns < RECENT_LEARNS or value is None or limit.holds(value):
        return ""
    side = "below" if limit.is_lowest else "above"
    return f"{limit.metric} of {value:.4g} over the last {RECENT_LEARNS:,} learns, {side} {limit.value:g}"


def _slow(facts: Facts, p99_ms: float | None) -> str:
    if p99_ms is None or facts.p99_ms is None or facts.p99_ms <= p99_ms:
        return ""
    return f"a call in a hundred takes {facts.p99_ms:.4g} ms or longer, more than {p99_ms:g} ms"


def _no_truths(facts: Facts, seconds: float | None) -> str:
    is_asked = facts.prediction_age is not None and facts.prediction_age < facts.truth_age
    if facts.is_read_only or not facts.n_pending or not is_asked:
        return ""
    if seconds is None or facts.truth_age < seconds:
        return ""
    return f"no ground truth for {facts.truth_age / 60:.0f} minutes, {facts.n_pending:,} predictions wait"


def _drifting(facts: Facts, seconds: float | None) -> str:
    if seconds is None or facts.drift_age is None or facts.drift_age >= seconds:
        return ""
    return f"drift was found {facts.drift_age / 60:.0f} minutes ago"


def _learning(facts: Facts) -> str:
    if facts.is_read_only or facts.n_learns >= RECENT_LEARNS:
        return ""
    return f"{facts.n_learns:,} learns, fewer than the {RECENT_LEARNS:,} that say how it does"
