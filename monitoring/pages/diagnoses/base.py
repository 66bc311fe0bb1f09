"""One kind of diagnosis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models_app.paradigms.base import Paradigm
from monitoring.pages.outcomes import Outcome

Context = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A part of the model's page: its name, what it shows, and the templates that show it.

    `find` makes of the last outcomes what `template` shows: `n` outcomes that could be used, `n_left_out`
    that could not, and `drawn`, what the page's script draws. `charts` is where it draws.
    """

    title: str
    about: str
    template: str
    charts: str
    find: Callable[[Sequence[Outcome], Paradigm], Context]
