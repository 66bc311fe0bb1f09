"""Forms of no model, on the page on which Django adds a row."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin import helpers
from django.http import HttpRequest, HttpResponse


def render(  # noqa: PLR0913  # as many as the page has parts
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    form: forms.Form,
    *,
    title: str,
    form_url: str,
    extra_context: dict[str, Any] | None,
) -> HttpResponse:
    """Return the page that asks for what adds a row."""
    # Django annotates its own helpers for model forms only; they take any.
    fieldsets: Any = getattr(form, "fieldsets", [(None, {"fields": list(form.fields)})])
    admin_form = helpers.AdminForm(cast("Any", form), fieldsets, {})
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "adminform": admin_form,
        "inline_admin_formsets": [],
        "errors": helpers.AdminErrorList(cast("Any", form), []),
        "media": model_admin.media + admin_form.media,
        "is_popup": False,
        **(extra_context or {}),
    }
    return model_admin.render_change_form(request, context, add=True, form_url=form_url)
