"""Changes of the overview, for the pages that show it."""

import dataclasses

from monitoring.pages.rows import Row, overview_rows


class Changes:
    """Finds the rows that differ from those found the time before. For one thread at a time."""

    def __init__(self) -> None:
        self._known: dict[str, Row] = {}

    def __call__(self) -> dict[str, dict[str, object]]:
        """Return rows by name, times in ISO 8601. Raises `StorageUnavailable`."""
        rows = {row.name: row for row in overview_rows()}
        changed = [row for name, row in rows.items() if self._known.get(name) != row]
        self._known = rows
        return {row.name: _values(row) for row in changed}


def _values(row: Row) -> dict[str, object]:
    values = dataclasses.asdict(row)
    # The page has the status from the server, with the counts above the table.
    del values["verdict"]
    for name in ("last_used_at", "last_drift_at"):
        if values[name] is not None:
            values[name] = values[name].isoformat()
    return values
