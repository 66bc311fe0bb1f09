"""Panels: parts of the start page and of a model's page. Other apps add theirs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from models_app.services.hooks import Hook


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A template, what fills it, and the permission that one needs to see it.

    `context` is called without arguments on the start page, with the model on a model's.
    """

    template: str
    permission: str
    context: Callable[..., Mapping[str, Any]]


ON_START: Hook[Panel] = Hook()
ON_MODEL: Hook[Panel] = Hook()


def render(panels: Iterable[Panel], request: HttpRequest, *about: object) -> list[SafeString]:
    """Return those of the panels that the user may see."""
    return [
        render_to_string(panel.template, panel.context(*about), request)
        for panel in panels
        if request.user.has_perm(panel.permission)
    ]
