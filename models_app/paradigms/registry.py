"""All flavors, by their names."""

from models_app.domain.errors import UnknownFlavor
from models_app.paradigms import entry_points
from models_app.paradigms.anomaly import ANOMALY
from models_app.paradigms.bandits import BANDIT
from models_app.paradigms.base import Member, Paradigm
from models_app.paradigms.binary import BINARY
from models_app.paradigms.clustering import CLUSTERING
from models_app.paradigms.drift import DRIFT
from models_app.paradigms.forecasting import FORECASTING
from models_app.paradigms.label import LABEL
from models_app.paradigms.multiclass import MULTICLASS
from models_app.paradigms.multilabel import MULTILABEL
from models_app.paradigms.multioutput import MULTIOUTPUT
from models_app.paradigms.recommendation import RECOMMENDATION
from models_app.paradigms.regression import REGRESSION
from models_app.paradigms.statistic import STATISTIC
from models_app.paradigms.supervised_anomaly import SUPERVISED_ANOMALY
from models_app.paradigms.transform import TRANSFORM

FLAVORS: dict[str, Paradigm] = {
    paradigm.name: paradigm
    for paradigm in (
        REGRESSION,
        BINARY,
        MULTICLASS,
        LABEL,
        MULTIOUTPUT,
        ANOMALY,
        FORECASTING,
        RECOMMENDATION,
        CLUSTERING,
        BANDIT,
        MULTILABEL,
        TRANSFORM,
        STATISTIC,
        DRIFT,
        SUPERVISED_ANOMALY,
    )
}

#: Why paradigms of other packages are left out. Once a process: they are there when it starts, or not at all.
_of_others, PROBLEMS = entry_points.load(FLAVORS)
FLAVORS.update((paradigm.name, paradigm) for paradigm in _of_others)

#: What some flavors take in requests beside features, by name.
MEMBERS: dict[str, Member] = {
    name: member for paradigm in FLAVORS.values() for name, member in paradigm.takes.items()
}


def get_flavor(name: str) -> Paradigm:
    """Return the paradigm that clients call `name`; raises `UnknownFlavor`."""
    try:
        return FLAVORS[name]
    except (KeyError, TypeError):
        raise UnknownFlavor(list(FLAVORS)) from None
