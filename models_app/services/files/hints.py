"""Hints for a record that was refused: the option that reads its cells otherwise."""

import re

import msgspec

from models_app.services.files.layouts import FileRecord, Format, Layout

# As R, pandas, spreadsheets and people write that there is no value.
_MISSING = {
    "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "nil", "?", "-", "--", ".", "missing", "\\n",
}  # fmt: skip
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+").fullmatch
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:([ '.,\u00a0\u202f])[0-9]{3})+(?:[.,][0-9]+)?").fullmatch


def hint(record: FileRecord, layout: Layout) -> str | None:
    """Return what may be wrong with a record's values, and which option helps; None: nothing is known."""
    if layout.format is not Format.CSV or record.features is None:
        return None
    features: dict[str, object] = msgspec.json.decode(record.features)
    truth = record.ground_truth
    cells = features | (truth if isinstance(truth, dict) else dict.fromkeys(layout.targets, truth))
    for column, cell in cells.items():
        note = _hint(cell.strip()) if isinstance(cell, str) and column not in layout.strings else None
        if note is not None:
            return f"Column '{column}' has '{cell}': {note}."
    return None


def _hint(cell: str) -> str | None:
    if cell.lower() in _MISSING:
        return f"--na={cell} reads that as no value"
    grouped = _GROUPED(cell)
    if grouped and not (grouped[1] == "," and cell.count(",") == 1 and "." not in cell):
        decimal = " --decimal=," if grouped[1] == "." else ""
        return f"--thousands='{grouped[1]}'{decimal} reads that as a number"
    if _DECIMAL_COMMA(cell):
        return "--decimal=, reads that as a number"
    return None
