"""Links between pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """Where to, in words and as an address."""

    text: str
    url: str
    is_current: bool = False
