"""Figures as the commands print them."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from django.template.defaultfilters import filesizeformat


def metrics(values: Mapping[str, float | None]) -> str:
    """Return metrics in one line, four digits each.

    >>> metrics({"Accuracy": 0.98765, "LogLoss": None})
    'Accuracy 0.9877, LogLoss -'
    """
    return ", ".join(
        f"{name} {'-' if value is None else format(value, '.4g')}" for name, value in values.items()
    )


def size(n_bytes: int) -> str:
    """Return a number of bytes, humanized."""
    # A no-break space: right in a page, odd in a terminal.
    return filesizeformat(n_bytes).replace("\xa0", " ")


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, to_the_right: Collection[str] = ()
) -> Iterator[str]:
    """Yield the lines of a table; the columns named are aligned to the right.

    >>> list(table(["NAME", "N"], [["a", "10"], ["long", "2"]], to_the_right={"N"}))
    ['NAME   N', 'a     10', 'long   2']
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = [
            cell.rjust(width) if heading in to_the_right else cell.ljust(width)
            for heading, cell, width in zip(headings, row, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()
