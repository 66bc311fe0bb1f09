"""A model's figures as its page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.durations import brief
from monitoring.figures.quantities import Quantiles
from monitoring.figures.rates import WINDOW_SECONDS
from monitoring.figures.reporting import ModelFigures

_STEPS = {
    "answer": "until the answer",
    "wait": "waiting for a turn",
    "compute": "computing a batch",
    "commit": "committing a batch",
}

Cells = list[str | None]


@dataclass(frozen=True, slots=True)
class Step:
    """A row of quantiles."""

    name: str
    cells: Cells


def figures_context(figures: ModelFigures) -> Mapping[str, object]:
    """Return what the templates of the figures need."""
    steps = [Step(_STEPS[name], _cells(quantiles)) for name, quantiles in figures.steps.items()]
    return {
        "figures": figures,
        "steps": steps if figures.steps["answer"].n else [],
        "delay_cells": _cells(figures.delay),
        "rate_seconds": WINDOW_SECONDS,
    }


def _cells(quantiles: Quantiles) -> Cells:
    durations = (quantiles.p50, quantiles.p90, quantiles.p99)
    return [None if seconds is None else brief(seconds) for seconds in durations]
