"""What is chosen on the overview: filters, order and page. All of it stands in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self
from urllib.parse import urlencode

from monitoring.pages.rows import Row

#: Rows of a page: so many take some 100 KB.
PAGE_ROWS = 50
#: What rows can be ordered by.
ORDERS = (
    "name", "status", "flavor", "headline", "rolling", "metric", "n_learns", "per_second", "p50_ms", "p99_ms",
    "n_pending", "n_refused", "n_alerts", "last_drift_at", "last_used_at",
)  # fmt: skip
_TEXTS = ("name", "status", "flavor", "headline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is chosen. `order` is one of `ORDERS`, with a minus before it: the greatest first.

    >>> choice = Choice.of({"order": "-n_learns", "q": "a b", "page": "2"})
    >>> choice.address(page=3)
    '?q=a+b&order=-n_learns&page=3'
    >>> choice.address(order="status", q="", page=1)
    '?'
    """

    q: str = ""
    status: str = ""
    flavor: str = ""
    order: str = "status"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read an address; what cannot be read is taken for not chosen."""
        order = query.get("order", "")
        page = query.get("page", "")
        return cls(
            q=query.get("q", "").strip(),
            status=query.get("status", ""),
            flavor=query.get("flavor", ""),
            order=order if order.removeprefix("-") in ORDERS else "status",
            page=max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
        )

    def address(self, **changes: object) -> str:
        """Return the query of what is chosen, with some of it changed."""
        changed = replace(self, **changes)  # type: ignore[arg-type]  # named by the callers here
        values = {each.name: getattr(changed, each.name) for each in fields(self)}
        return "?" + urlencode(
            {each.name: values[each.name] for each in fields(self) if values[each.name] != each.default}
        )

    def head(self, key: str) -> "Head":
        """Return how a column's head is to be: where it leads, and what it says of the order."""
        # Numbers and times begin with the greatest.
        first, other = (key, f"-{key}") if key in _TEXTS else (f"-{key}", key)
        now = {key: "ascending", f"-{key}": "descending"}.get(self.order, "")
        return Head(self.address(order=other if self.order == first else first, page=1), now)

    def found(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that the filters leave, but for that of the status."""
        wanted = self.q.lower()
        return [
            row
            for row in rows
            if wanted in row.name.lower() and (not self.flavor or row.flavor == self.flavor)
        ]

    def chosen(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of a status, in the order that is chosen; those without a value come last."""
        chosen = [row for row in rows if not self.status or row.verdict.status == self.status]
        key, is_descending = self.order.removeprefix("-"), self.order.startswith("-")
        # Equal ones stay in the order of their names.
        chosen.sort(key=lambda row: row.name)
        if key == "status":
            chosen.sort(key=lambda row: row.verdict.rank, reverse=is_descending)
            return chosen
        known = [row for row in chosen if getattr(row, key) is not None]
        known.sort(key=lambda row: getattr(row, key), reverse=is_descending)
        return known + [row for row in chosen if getattr(row, key) is None]


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: an address, and `ascending`, `descending` or nothing."""

    address: str
    sort: str
