"""Choosing what is watched of a model."""

from django.utils import timezone

from models_app.models.transactions import write_transaction
from models_app.paradigms.base import Paradigm
from models_app.services import auditing
from models_app.services.finding import find
from monitoring.alerting import ending
from monitoring.drift import detectors
from monitoring.drift.watches import Plan
from monitoring.models import DriftPlan


def set_plan(*, name: str, plan: Plan | None) -> None:
    """Watch a model by this plan from its next learn on; None: watch nothing.

    Raises `InvalidRequest` where the detector cannot do that, `ModelNotFound`, `StorageUnavailable`.
    """
    with write_transaction():
        model = find(name)
        record_plan(name, plan)
        ending.end_of_plan(model.pk, now=timezone.now())
        if plan is None:
            DriftPlan.objects.update_or_create(model_id=model.pk, defaults={"is_on": False})
            return
        check(plan, model.paradigm)
        DriftPlan.objects.update_or_create(
            model_id=model.pk,
            defaults={
                "is_on": True,
                "detector": plan.detector,
                "parameters": dict(plan.parameters),
                "watches_prediction": plan.watches_prediction,
                "watches_features": plan.watches_features,
            },
        )


def record_plan(name: str, plan: Plan | None) -> None:
    """Write down who has a model watched in another way; within the transaction that does it."""
    auditing.record(
        action="watch_drift",
        model=name,
        detector=None if plan is None else plan.detector,
        parameters={} if plan is None else dict(plan.parameters),
        prediction=plan is not None and plan.watches_prediction,
        features=plan is not None and plan.watches_features,
    )


def check(plan: Plan, paradigm: Paradigm) -> None:
    """Raise `InvalidRequest`, naming the field, where a plan cannot be followed."""
    detectors.check(
        plan.detector, plan.parameters, paradigm=paradigm, watches_numbers=not plan.watches_errors_only
    )
