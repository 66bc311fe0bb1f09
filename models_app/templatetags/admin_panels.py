"""The panels of the admin's start page, for its template."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from models_app.admin import panels

register = template.Library()


@register.simple_tag(takes_context=True)
def start_panels(context: dict[str, Any]) -> list[SafeString]:
    """Return the panels of the start page."""
    return panels.render(panels.ON_START, context["request"])
