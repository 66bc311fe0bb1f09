"""Checks the paradigms that other packages bring."""

from typing import Any

from django.core import checks

from models_app.paradigms.registry import PROBLEMS


def check_paradigms(*_args: Any, **_options: Any) -> list[checks.CheckMessage]:
    """Report, as system checks, those that are left out."""
    return [checks.Warning(problem, id="models_app.W002") for problem in PROBLEMS]
