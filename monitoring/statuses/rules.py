"""The rules by which a model has its status, and the reasons for it. Pure: what is known comes as facts."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["quarantined", "stuck", "failing", "no truths", "drifting", "learning", "well"]

#: The worst first.
STATUSES: tuple[Status, ...] = (
    "quarantined", "stuck", "failing", "no truths", "drifting", "learning", "well",
)  # fmt: skip
#: A model that is busy for so long with one thing is stuck.
STUCK_SECONDS = 10.0
#: The last learns, which the recent metric is over.
RECENT_LEARNS = 1_000
#: A recent metric that is worse than the one since the upload by more than this share of it: failing.
WORSE_BY = 0.25
#: A model that is asked and hears no ground truth for so long has no truths.
TRUTHS_SECONDS = 3_600.0
#: Drift that was found within this time makes a model drifting.
DRIFT_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A model's figures. Ages are in seconds, None: it has not happened.

    `lasting` is the headline metric since the upload, `recent` over the last learns; `bigger_is_better` is
    None where nobody knows. `truth_age` is the time since the last learn, or the upload before the first.
    `quarantine` says why it is not loaded, and is empty where it is.
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """A model's status, and why it is not well: a sentence for each rule that holds, the worst first."""

    status: Status
    reasons: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """The place of the status, 0 for the worst."""
        return STATUSES.index(self.status)


#: What no rule says anything of.
WELL = Verdict("well")


def judge(facts: Facts) -> Verdict:
    """Return the status by the worst rule that holds, with the reasons of all that hold."""
    found = [(status, reason) for status, reason in _held(facts) if reason]
    return Verdict(found[0][0], tuple(reason for _, reason in found)) if found else WELL


def _held(facts: Facts) -> list[tuple[Status, str]]:
    """Return what each rule says, the worst first; an empty reason: it does not hold."""
    return [
        ("quarantined", facts.quarantine),
        ("stuck", _stuck(facts)),
        ("failing", _failing(facts)),
        ("no truths", _no_truths(facts)),
        ("drifting", _drifting(facts)),
        ("learning", _learning(facts)),
    ]


def _stuck(facts: Facts) -> str:
    if facts.busy_seconds is None or facts.busy_seconds < STUCK_SECONDS:
        return ""
    return f"busy in its own code for {facts.busy_seconds:.0f} s"


def _failing(facts: Facts) -> str:
    # As long as the recent learns are most of all learns, both metrics say the same.
    if facts.n_learns < 2 * RECENT_LEARNS or facts.lasting is None or facts.recent is None:
        return ""
    if facts.bigger_is_better is None:
        return ""
    loss = facts.lasting - facts.recent if facts.bigger_is_better else facts.recent - facts.lasting
    if loss <= WORSE_BY * abs(facts.lasting):
        return ""
    return (
        f"{facts.headline} of {facts.recent:.4g} over the last {RECENT_LEARNS:,} learns, "
        f"{facts.lasting:.4g} since the upload"
    )


def _no_truths(facts: Facts) -> str:
    is_asked = facts.prediction_age is not None and facts.prediction_age < facts.truth_age
    if facts.is_read_only or not facts.n_pending or not is_asked or facts.truth_age < TRUTHS_SECONDS:
        return ""
    return f"no ground truth for {facts.truth_age / 60:.0f} minutes, {facts.n_pending:,} predictions wait"


def _drifting(facts: Facts) -> str:
    if facts.drift_age is None or facts.drift_age >= DRIFT_SECONDS:
        return ""
    return f"drift was found {facts.drift_age / 60:.0f} minutes ago"


def _learning(facts: Facts) -> str:
    if facts.is_read_only or facts.n_learns >= RECENT_LEARNS:
        return ""
    return f"{facts.n_learns:,} learns, fewer than the {RECENT_LEARNS:,} that say how it does"
