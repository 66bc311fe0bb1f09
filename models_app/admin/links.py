"""Links between pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A link: its words and its address."""

    text: str
    url: str
    is_current: bool = False
