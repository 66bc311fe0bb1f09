"""The description of an SQLite database for Django's settings."""

from pathlib import Path

import dj_database_url

# Set on every connection. 64 MiB of pages are kept; a checkpoint gives back what the WAL has above 64 MiB. It
# comes after 16 MiB: with SQLite's own 4 it took a third of the time of commits that touch scattered pages.
# What is deleted is overwritten: what is forgotten, and what was learned and is pending no more.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous={synchronous}",
    "cache_size=-65536",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
    "journal_size_limit=67108864",
    "secure_delete=ON",
)


def describe(url: str, *, folder: Path, timeout: float, synchronous: str) -> dict[str, object]:
    """Give Django's description of an SQLite database; a relative file lies in `folder`.

    `timeout` is in seconds. Connections are kept: the last one to close would checkpoint the WAL.
    """
    parsed = dj_database_url.parse(url)
    pragmas = ("PRAGMA " + pragma.format(synchronous=synchronous) for pragma in PRAGMAS)
    return {
        "ENGINE": "models_app.sqlite",
        "NAME": folder / parsed["NAME"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": timeout,
            # A transaction that reads first and then writes would fail instead of waiting for its turn.
            "transaction_mode": "IMMEDIATE",
            "init_command": "; ".join(pragmas),
        },
    }
