"""Results: a figure is the values of its rounds, a ratio those of two figures, round by round."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

#: A round that failed is None.
Values = list[float | None]


@dataclass(slots=True, kw_only=True)
class Figure:
    """Records a second (or what `unit` says) of one column in one scenario."""

    workload: str
    scenario: str
    column: str
    unit: str
    values: Values = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Ratio:
    """One figure over another, or a plain quantity with a `unit`.

    Wanted is `at_least` or `at_most`, and better still the `aim`.
    """

    what: str
    values: Values
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    aim: float | None = None

    @property
    def is_reached(self) -> bool | None:
        """Whether the median is where it should be; None where nothing was measured or wanted."""
        middle = median(self.values)
        if middle is None or (self.at_least is None and self.at_most is None):
            return None
        return middle >= (self.at_least or 0) and (self.at_most is None or middle <= self.at_most)


@dataclass(slots=True)
class Results:
    """All of a run."""

    about: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def figure(self, workload: str, scenario: str, column: str) -> Figure | None:
        """Return a figure, None if it was not measured."""
        for figure in self.figures:
            if (figure.workload, figure.scenario, figure.column) == (workload, scenario, column):
                return figure
        return None

    def values(self, workload: str, scenario: str, column: str) -> Values:
        """Return the values of a figure."""
        figure = self.figure(workload, scenario, column)
        return figure.values if figure else []

    def to_json(self) -> dict[str, Any]:
        """Return plain values, medians and spreads included."""
        return {
            "about": self.about,
            "figures": [asdict(f) | summary(f.values) for f in self.figures],
            "ratios": [asdict(r) | summary(r.values) | {"reached": r.is_reached} for r in self.ratios],
            "problems": self.problems,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Results":
        """Undo `to_json`."""
        figure_fields, ratio_fields = Figure.__dataclass_fields__, Ratio.__dataclass_fields__
        return cls(
            about=content["about"],
            figures=[Figure(**{k: f[k] for k in figure_fields}) for f in content["figures"]],
            ratios=[Ratio(**{k: r[k] for k in ratio_fields}) for r in content["ratios"]],
            problems=content["problems"],
        )


def median(values: Sequence[float | None]) -> float | None:
    """Return the median of the rounds that did not fail.

    >>> median([1.0, None, 3.0])
    2.0
    """
    good = [value for value in values if value is not None]
    return statistics.median(good) if good else None


def spread(values: Sequence[float | None]) -> tuple[float, float] | None:
    """Return the lowest and the highest."""
    good = [value for value in values if value is not None]
    return (min(good), max(good)) if good else None


def summary(values: Sequence[float | None]) -> dict[str, float | None]:
    """Return median, lowest and highest by name."""
    low, high = spread(values) or (None, None)
    return {"median": median(values), "lowest": low, "highest": high}


def quotients(above: Sequence[float | None], below: Sequence[float | None]) -> Values:
    """Return the ratios, round by round: what the machine did meanwhile falls out.

    >>> quotients([2.0, None], [4.0, 1.0])
    [0.5, None]
    """
    return [None if a is None or b is None or b == 0 else a / b for a, b in zip(above, below, strict=False)]
