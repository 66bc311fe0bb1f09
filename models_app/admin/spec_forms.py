"""The page that uploads a model: examples to start a specification from, and a preview."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from models_app.domain.scoring import name_of
from models_app.domain.specs.printing import printed
from models_app.paradigms.spec_examples import EXAMPLES
from models_app.services.examining import Examined
from web.middleware import DRAWING_POLICY


@dataclass(frozen=True, slots=True)
class Filling:
    """What an example fills in, by the names of the form's fields; `key` is what the select calls it."""

    key: str
    flavor: str
    specification: str


def fillings() -> list[Filling]:
    """Return the examples, those of a flavor one after the other."""
    return [Filling(example.key, example.flavor, printed(example.spec)) for example in EXAMPLES]


def initial(key: str | None) -> dict[str, Any]:
    """Return what an example fills in; nothing where there is no such one."""
    return next(
        (
            {"flavor": filling.flavor, "specification": filling.specification}
            for filling in fillings()
            if filling.key == key
        ),
        {},
    )


def context(request: HttpRequest, preview: Examined | None) -> dict[str, Any]:
    """Return what the page shows beside the form; without a preview there is none to show."""
    return {
        "examples": fillings(),
        "example": request.GET.get("example", ""),
        "preview": preview,
        "preview_metrics": [name_of(kind()) for kind in preview.kinds] if preview else [],
        "drawing": _framed(preview.drawing) if preview and preview.drawing else "",
    }


def _framed(drawn: str) -> str:
    """Return the page within the page that shows a drawing, where it can do nothing."""
    return render_to_string("models_app/drawing.html", {"drawn": drawn, "policy": DRAWING_POLICY})
