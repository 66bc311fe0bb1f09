"""Confusion matrices: the predicted labels against the true ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models_app.domain.predictions import Label, label_name

# A table of more is of no use.
_MAX_LABELS = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """A count, and its share of the row, in tenths: the darker."""

    n: int
    tenths: int


@dataclass(frozen=True, slots=True)
class Confusions:
    """`rows` has for each ground truth how often which label was predicted, in the order of `labels`."""

    labels: list[str]
    rows: list[tuple[str, list[Cell]]]
    n_left_out: int


def confusions(pairs: Sequence[tuple[Label, Label]]) -> Confusions | None:
    """Count pairs of ground truth and predicted label; None: there are none.

    >>> found = confusions([(True, True), (True, False), (False, False)])
    >>> found.labels, [[cell.n for cell in cells] for _, cells in found.rows]
    (['false', 'true'], [[1, 0], [1, 1]])
    """
    if not pairs:
        return None
    counts = Counter((label_name(y_true), label_name(label)) for y_true, label in pairs)
    sizes = Counter(name for pair in counts for name in pair for _ in range(counts[pair]))
    labels = sorted(name for name, _ in sizes.most_common(_MAX_LABELS))
    return Confusions(
        labels, [(name, _cells(counts, name, labels)) for name in labels], len(sizes) - len(labels)
    )


def _cells(counts: "Counter[tuple[str, str]]", y_true: str, labels: Sequence[str]) -> list[Cell]:
    total = sum(counts[y_true, label] for label in labels) or 1
    return [Cell(counts[y_true, label], round(10 * counts[y_true, label] / total)) for label in labels]
