"""Refusals of uploads: each says what to do."""

import re

_REQUESTS = re.compile(
    r"\b(upload|sends?|install|mend|make|implement|let|wrap|pickle|serve|need|see|use|put|decompress) ",
    re.IGNORECASE,
)


def asking(message: str) -> str:
    """Return a refusal's message, which asks for something that whoever reads it can do."""
    assert _REQUESTS.search(message), message
    return message
