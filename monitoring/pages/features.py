"""The features that drift most, and how to have them watched."""

import shlex
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from models_app.models.transactions import translated_errors
from models_app.services import showing
from models_app.services.finding import Served
from monitoring.drift.detectors import BINARY, DEFAULT
from monitoring.drift.watches import DEFAULT_PLAN, FEATURE, Plan
from monitoring.models import DriftAlert, DriftPlan

_SHOWN = 10
#: Alerts, the newest: a model that drifts all the time has no end of them.
LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class DriftingFeature:
    """The drift of a feature: how often, when last, and the detector's mean then, where that is shown."""

    name: str
    n: int
    last_at: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Features:
    """`drifting` has the features that drifted most often lately, of equals the latest first.

    `command` switches the watching of features on; None: they are watched.
    """

    drifting: list[DriftingFeature]
    command: str | None


def drifting_features(model: Served) -> Features:
    """Return what the model's newest alerts say of its features; raises `StorageUnavailable`."""
    with translated_errors():
        row = DriftPlan.objects.filter(model_id=model.pk).first()
        plan = None if row is not None and not row.is_on else row.plan() if row else DEFAULT_PLAN
        return Features(_drifting(model), _command(model.name, plan))


def _drifting(model: Served) -> list[DriftingFeature]:
    is_shown = showing.shows_all(model.features_kept)
    alerts = DriftAlert.objects.filter(model_id=model.pk, kind="drift").order_by("-pk")
    newest_first = [
        (source.removeprefix(FEATURE), time, value if is_shown else None)
        for source, time, value in alerts.values_list("source", "time", "value")[:LOOKED_AT]
        if source.startswith(FEATURE)
    ]
    # Of equals the one that was counted first comes first.
    ranked = Counter(name for name, _, _ in newest_first).most_common(_SHOWN)
    newest = {name: (time, value) for name, time, value in reversed(newest_first)}
    return [DriftingFeature(name, n, *newest[name]) for name, n in ranked]


def _command(name: str, plan: Plan | None) -> str | None:
    """Return what switches the watching of features on, and leaves the rest of the plan as it is.

    >>> _command("my house", Plan(detector="KSWIN", parameters={"alpha": 0.01}))
    "python manage.py watch_drift 'my house' --detector KSWIN --parameter alpha=0.01 --features"
    >>> _command("house", None), _command("house", Plan(watches_features=True))
    ('python manage.py watch_drift house --features', None)
    """
    if plan is not None and plan.watches_features:
        return None
    words = ["python", "manage.py", "watch_drift", name]
    # Those for errors of 0 and 1 cannot watch features.
    if plan is not None and plan.detector not in BINARY:
        words += [] if plan.detector == DEFAULT else ["--detector", plan.detector]
        for key, value in plan.parameters.items():
            words += ["--parameter", f"{key}={str(value).lower() if isinstance(value, bool) else value}"]
    words += ["--prediction"] if plan is not None and plan.watches_prediction else []
    return shlex.join([*words, "--features"])
