"""What River says a model is for: the flavor of an upload that names none."""

from models_app.domain.errors import ModelNotSuitable
from models_app.paradigms.base import Paradigm, last_step
from models_app.paradigms.registry import FLAVORS, get_flavor

#: In place of a flavor: the one that River says the model is for.
AUTO = "auto"


def flavor_for(model: object, name: str) -> Paradigm:
    """Return the paradigm that clients call `name`; for `AUTO` the one that the model is for.

    Raises `UnknownFlavor`, and `ModelNotSuitable` where River does not say.
    """
    return guess(model) if name == AUTO else get_flavor(name)


def guess(model: object) -> Paradigm:
    """Return the paradigm that a model is for; raises `ModelNotSuitable` where River does not say.

    >>> from river import linear_model, preprocessing, tree
    >>> scaled = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    >>> guess(scaled).name, guess(tree.HoeffdingTreeClassifier()).name, guess(linear_model.PARegressor()).name
    ('binary', 'multiclass', 'regression')
    """
    if isinstance(model, type):
        name = model.__name__
        raise ModelNotSuitable(f"This is the class {name}, not a model: pickle an object of it, {name}(...).")
    step = last_step(model)
    # A class that is of several kinds is for the most particular one, and these are registered last.
    for paradigm in reversed(FLAVORS.values()):
        if paradigm.is_meant_by(step):
            return paradigm
    allowed = ", ".join(map(repr, FLAVORS))
    raise ModelNotSuitable(
        f"{type(step).__name__} is of no class of River's that says what it is for: upload it with its "
        f"flavor named, one of {allowed}."
    )
