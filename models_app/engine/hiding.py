"""Errors without what a model's code has put into their texts: that may be values of features."""

from models_app.domain.errors import ChantillyError, ModelRaised, foreseen
from models_app.domain.failing import described, named
from models_app.engine.ports import ModelState


class Unforeseen(Exception):
    """Something that nobody has foreseen, by its class alone; it has the traceback of what it stands for."""


def hidden(error: BaseException, state: ModelState | None) -> BaseException:
    """Return an error as it may be answered and logged of a model, if its features are not to be shown."""
    if state is None or not state.hides_features:
        return error
    if isinstance(error, ModelRaised):
        return error.without_text()
    error = foreseen(error)
    if isinstance(error, ChantillyError):
        return error
    return Unforeseen(named(error)).with_traceback(error.__traceback__)


def said(error: BaseException, state: ModelState) -> str:
    """Return what an exception of a model's code says, or its class where that may not be shown."""
    return named(error) if state.hides_features else described(error)
