"""Watching one model: numbers in the order of its learns, through detectors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from monitoring.drift.detectors import DEFAULT, Parameters, new_detector, shown

#: The error of each learn; what was predicted; and each numeric feature, as `feature NAME`.
ERROR = "error"
PREDICTION = "prediction"
FEATURE = "feature "
# Who sends ever new features must not fill the memory.
_MAX_SOURCES = 200

Kind = Literal["drift", "warning"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: The kind of an alert about a feature that is not as the contract has it.
CONTRACT = "contract"
ALERT_KINDS = (*KINDS, CONTRACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A drift plan: the watched error, and by which detector."""

    detector: str = DEFAULT
    parameters: Parameters = field(default_factory=dict)
    watches_prediction: bool = False
    watches_features: bool = False

    @property
    def watches_errors_only(self) -> bool:
        """Say whether scores have all that is watched."""
        return not (self.watches_prediction or self.watches_features)


#: Of a model that nothing was said of.
DEFAULT_PLAN = Plan()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A detector's finding at learn `seq`. `value` is the mean that it has, else what it was given."""

    kind: Kind
    source: str
    seq: int
    value: float


class Watch:
    """The detectors of a model, up to learn `seq`; the same learns lead to the same findings.

    >>> watch = Watch(Plan(detector="DDM"), seq=0)
    >>> [finding.seq for number in range(1_000) for finding in watch.see({ERROR: float(number > 500)})
    ...  if finding.kind == "drift"][0] > 500
    True
    """

    def __init__(self, plan: Plan, *, seq: int) -> None:
        self.plan = plan
        self.seq = seq
        self._detectors: dict[str, Any] = {}
        self._warned: set[str] = set()

    def see(self, values: Mapping[str, float]) -> Iterable[Finding]:
        """Show the numbers of the next learn, by source, to their detectors."""
        self.seq += 1
        findings: list[Finding] = []
        for source, value in values.items():
            detector = self._detectors.get(source) or self._new(source)
            if detector is None:
                continue
            detector.update(shown(self.plan.detector, value))
            if detector.drift_detected:
                findings.append(self._finding("drift", source, detector, value))
                self._warned.discard(source)
            elif getattr(detector, "warning_detected", False):
                # One warning until it is over, or came true.
                if source not in self._warned:
                    self._warned.add(source)
                    findings.append(self._finding("warning", source, detector, value))
            else:
                self._warned.discard(source)
        return findings

    def _new(self, source: str) -> Any:
        if len(self._detectors) >= _MAX_SOURCES:
            return None
        detector = new_detector(self.plan.detector, self.plan.parameters)
        self._detectors[source] = detector
        return detector

    def _finding(self, kind: Kind, source: str, detector: Any, value: float) -> Finding:
        return Finding(
            kind=kind, source=source, seq=self.seq, value=float(getattr(detector, "estimation", value))
        )
