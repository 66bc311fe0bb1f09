"""The process's engine."""

from models_app.services import runtime


def engine_stops() -> None:
    """Have the engine take no more work, as it does first when it stops; the test's end stops the rest."""
    runtime.get_engine()._accepts = False
