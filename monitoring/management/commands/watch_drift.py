"""`manage.py watch_drift MODEL`: choose what is watched of a model, and how."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.management.base import ServiceCommand
from monitoring.drift.detectors import DEFAULT, NAMES
from monitoring.drift.planning import set_plan
from monitoring.drift.watches import Plan


class Command(ServiceCommand):
    """Set a model's drift plan."""

    help = "Chooses the drift detector of a model, and what it watches beside the error of each learn."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model and the plan."""
        parser.add_argument("model", metavar="MODEL", help="the model's name")
        parser.add_argument("--detector", default=DEFAULT, choices=NAMES, help=f"{DEFAULT} if none is given")
        parser.add_argument(
            "--parameter",
            action="append",
            default=[],
            dest="parameters",
            metavar="NAME=VALUE",
            help="a parameter of the detector; may be repeated",
        )
        parser.add_argument("--prediction", action="store_true", help="watch the predictions, too")
        parser.add_argument("--features", action="store_true", help="watch the numeric features, too")
        parser.add_argument("--off", action="store_true", help="watch nothing")

    def serve(self, *, model: str, off: bool, **options: Any) -> None:
        """Write the plan down."""
        plan = None if off else _plan(**options)
        set_plan(name=model, plan=plan)
        said = "Nothing is watched of" if plan is None else f"{plan.detector} watches"
        self.stdout.write(f"{said} '{model}'.")


def _plan(*, detector: str, parameters: list[str], prediction: bool, features: bool, **_options: Any) -> Plan:
    return Plan(
        detector=detector,
        parameters=dict(map(_parameter, parameters)),
        watches_prediction=prediction,
        watches_features=features,
    )


def _parameter(text: str) -> tuple[str, float | int | bool | str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise CommandError(f"--parameter must be NAME=VALUE, not '{text}'")
    return name, _value(value)


def _value(text: str) -> float | int | bool | str:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
