"""Processes that a model forks.

The child is a copy of the server with the one thread that was in the model's code. When it comes out of there
it would go on as if it were the server: answer, and write to the database through its parent's connections.
"""

import os

_owner: int | None = None


def own() -> None:
    """Say that the engine works in this process."""
    global _owner  # noqa: PLW0603  # one a process, as its threads are
    _owner = os.getpid()


def end_in_child() -> None:
    """End this process, at once and without a trace, if it was forked from that of the engine."""
    if _owner is not None and os.getpid() != _owner:
        os._exit(1)
