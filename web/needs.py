"""The needs of routes: what who asks must be allowed to do. Each route names its own, once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: Returns the names of what a request is about, by its route's parameters and its query; None: of everything.
Names = Callable[[Mapping[str, Any], bytes], Iterable[str] | None]


def of_nothing(_parameters: Mapping[str, Any], _query: bytes) -> Iterable[str]:
    """Return no name: the request is about nothing that has one, or its body says."""
    return ()


def of_everything(_parameters: Mapping[str, Any], _query: bytes) -> None:
    """Return that the request is about everything that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One of the `scopes` is needed; where there are none, it is enough to be known.

    `is_open`: for everybody. `is_page`: who is not known is sent to where people log in. `takes_ticket`: the
    address may have a ticket, for clients that cannot set headers. `has_records`: each record is counted
    where it is read, and the request is not.
    """

    scopes: tuple[str, ...] = ()
    names: Names = of_nothing
    is_open: bool = False
    is_page: bool = False
    takes_ticket: bool = False
    has_records: bool = False


#: Of addresses and methods that there are not, too: who is not known learns nothing of them.
KNOWN = Need()
OPEN = Need(is_open=True)


def needing(need: Need) -> Callable[[F], F]:
    """Declare the need of a view, or of a viewset's action."""

    def declare(view: F) -> F:
        view.need = need  # type: ignore[attr-defined]
        return view

    return declare


def need_of(view: Any, method: str | None) -> Need | None:
    """Return the need of a view for a method, `KNOWN` for one that it has not; None: it declares none."""
    actions: Mapping[str, str] | None = getattr(view, "actions", None)
    if actions is None:
        return getattr(view, "need", None)
    action = actions.get("get" if method == "HEAD" else str(method).lower())
    return KNOWN if action is None else getattr(getattr(view.cls, action), "need", None)
