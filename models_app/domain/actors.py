"""Who acts, and from where: set where a request, a command or a page begins."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from models_app.domain.quotas import UNLIMITED, Quotas

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who changes something.

    `name` says who in words, such as `token 'sensor'`; `origin` from where: an address, or a command. The
    `quotas` bound what they may have.
    """

    name: str
    origin: str = ""
    quotas: Quotas = UNLIMITED


#: The server by itself.
SERVER = Actor("the server")
#: Who is not asked.
ANYBODY = "anybody"
# A function, since finding out may take a query: only who writes something down asks.
_current: ContextVar[Callable[[], Actor] | None] = ContextVar("actor", default=None)


@contextmanager
def acting(find: Callable[[], Actor]) -> Iterator[None]:
    """Have what is done in a block be done by whom `find` returns."""
    token = _current.set(find)
    try:
        yield
    finally:
        _current.reset(token)


def current_actor() -> Actor:
    """Return who acts in this context.

    >>> current_actor().name
    'the server'
    """
    find = _current.get()
    return SERVER if find is None else find()


def as_now(call: Callable[P, R]) -> Callable[P, R]:
    """Return a function that is done, wherever it is called, by whoever acts now."""
    find = _current.get()

    @wraps(call)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _current.set(find)
        try:
            return call(*args, **kwargs)
        finally:
            _current.reset(token)

    return run
