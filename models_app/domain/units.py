"""Sizes as people write them."""

import re

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def read_size(text: str) -> int:
    """Return a number of bytes; raises ValueError.

    >>> read_size("16M"), read_size("100")
    (16777216, 100)
    """
    match = re.fullmatch(r"([0-9]+)\s*([KMG]?)", text.strip().upper())
    if match is None:
        raise ValueError("not a size")
    return int(match[1]) * _UNITS[match[2]]
