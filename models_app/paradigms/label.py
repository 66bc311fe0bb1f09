"""Classification by label: for models that have no probabilities, or whose probabilities nobody wants."""

from models_app.paradigms.base import Paradigm
from models_app.paradigms.multiclass import Multiclass


class Label(Multiclass):
    """A label is predicted by `predict_one`; metrics need no probabilities.

    Classifiers without these are served so under `binary` and `multiclass`, too.
    """

    name = "label"
    # River's classifiers are for the flavors with probabilities, unless this one is named.
    kinds: tuple[type[object], ...] = ()

    def __init__(self) -> None:
        super().__init__(by_label=True)

    def served_by(self, predict_method: str) -> Paradigm:
        """Return this one: there is no other way to predict."""
        return self


LABEL = Label()
