"""Precautions against models that end the process which serves them."""

from models_app.engine.ports import ModelState


class Precautions:
    """Takes none. Whoever takes some is called in engine threads, and adds little to the cost of a turn."""

    __slots__ = ()

    def check(self, state: ModelState) -> None:
        """Raise `ModelQuarantined` where a model must not be loaded."""

    def begin(self, name: str) -> None:
        """Hear that this thread begins with a turn of a model."""

    def end(self) -> None:
        """Hear that the turn has ended, whichever way."""

    def leave_thread(self) -> None:
        """Hear that this thread takes no more turns."""
