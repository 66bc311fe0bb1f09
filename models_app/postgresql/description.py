"""The description of a PostgreSQL database for Django's settings."""

import dj_database_url

# A transaction that was forgotten holds locks, and keeps the database from clearing up behind it.
_IDLE_SECONDS = 60
_CONNECT_SECONDS = 10
_KEEPALIVE_SECONDS = 5


def describe(url: str, *, timeout: float) -> dict[str, object]:
    """Give Django's description of a PostgreSQL database.

    `timeout` is how long a write waits for others, in seconds. Connections are kept: a new one takes longer
    than most requests.
    """
    parsed = dj_database_url.parse(url)
    options = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "chantilly",
        "keepalives_idle": _KEEPALIVE_SECONDS,
        "keepalives_interval": _KEEPALIVE_SECONDS,
        "keepalives_count": 3,
        **parsed.get("OPTIONS", {}),
    }
    own = {
        "lock_timeout": f"{1000 * timeout:.0f}",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
        # A commit is a statement of many parts, and the same each time: to plan it anew, or to compile it,
        # takes longer than to do it.
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
        # A machine that is gone without a word holds its locks no longer than that.
        "tcp_keepalives_idle": str(_KEEPALIVE_SECONDS),
        "tcp_keepalives_interval": str(_KEEPALIVE_SECONDS),
        "tcp_keepalives_count": "3",
    }
    settings = " ".join(f"-c {name}={value}" for name, value in own.items())
    options["options"] = f"{options.get('options', '')} {settings}".strip()
    return {**parsed, "CONN_MAX_AGE": None, "OPTIONS": options}
