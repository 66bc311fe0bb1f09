"""What `ENGINE=ray` takes."""

from collections.abc import Mapping
from importlib.util import find_spec

from chantilly_project.configuration import ConfigurationError


def refuse_problems(database_url: str, *, n_shards: int, environ: Mapping[str, str]) -> None:
    """Raise ConfigurationError where something keeps shards off a cluster of Ray."""
    if problem := problem_of(database_url, n_shards=n_shards, environ=environ):
        raise ConfigurationError(f"ENGINE=ray {problem}")


def problem_of(database_url: str, *, n_shards: int, environ: Mapping[str, str]) -> str:
    """Return what keeps shards off a cluster of Ray, to be read after `ENGINE=ray`; empty for nothing.

    >>> problem_of("sqlite:///chantilly.sqlite3", n_shards=2, environ={"RAY_AUTH_MODE": "token"})
    'needs PostgreSQL (DATABASE_URL=postgresql://...): nodes have no file in common.'
    """
    if not database_url.startswith(("postgresql:", "postgres:")):
        return "needs PostgreSQL (DATABASE_URL=postgresql://...): nodes have no file in common."
    if not n_shards:
        return "needs ENGINE_PROCESSES, the number of shards, from 1 on."
    if find_spec("ray") is None:
        return "needs Ray: `pip install -r requirements-ray.txt`."
    if environ.get("RAY_AUTH_MODE") != "token":
        return "needs RAY_AUTH_MODE=token: without, whoever reaches a port of Ray runs code there."
    return ""
