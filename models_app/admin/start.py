"""The start page: an overview of the instance."""

from typing import Any

from models_app.admin import rendering
from models_app.admin.panels import Panel
from models_app.domain.errors import ChantillyError
from models_app.paradigms.registry import FLAVORS
from models_app.services.summarizing import summarize_instance


def _overview() -> dict[str, Any]:
    try:
        seen = summarize_instance()
    except ChantillyError as error:
        return {"refusal": str(error)}
    return {"overview": seen, "flavors": list(FLAVORS), "metrics": rendering.metrics_by_flavor(seen.metrics)}


PANEL = Panel(
    template="admin/models_app/overview.html", permission="models_app.view_servedmodel", context=_overview
)
