"""The figures in InfluxDB's line protocol: `name,label=value,... value=1.5`, a sample a line.

Source: docs.influxdata.com, "Line protocol".
"""

import math
from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

# In names and labels; a line ends where a sample does, so that a line break becomes a space.
_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\r": r"\ "})


def lines(families: Iterable[Metric]) -> Iterator[str]:
    """Yield a line for each sample that has a value. They bear no time: that of their arrival counts."""
    for family in families:
        for sample in family.samples:
            if math.isfinite(sample.value):
                tags = "".join(f",{_escaped(k)}={_escaped(v)}" for k, v in sorted(sample.labels.items()) if v)
                yield f"{_escaped(sample.name)}{tags} value={float(sample.value)!r}\n"


def _escaped(text: str) -> str:
    r"""Return a name or a label as the protocol wants it.

    >>> print(_escaped("a b,c=d"))
    a\ b\,c\=d
    """
    # One at the end would take the separator after it for its own. No model's name ends with a space.
    return (f"{text} " if text.endswith("\\") else text).translate(_ESCAPES)
