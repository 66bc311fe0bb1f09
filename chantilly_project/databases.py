"""Which database there is."""

from pathlib import Path

from models_app.postgresql import description as postgresql
from models_app.sqlite import description as sqlite


def describe(url: str, *, folder: Path, timeout: float, synchronous: str) -> dict[str, object]:
    """Give Django's description of the database at a URL, whose scheme names its backend."""
    if url.startswith("sqlite:"):
        return sqlite.describe(url, folder=folder, timeout=timeout, synchronous=synchronous)
    return postgresql.describe(url, timeout=timeout)
