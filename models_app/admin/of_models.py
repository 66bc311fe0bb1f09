"""Tables whose rows belong to models: each list leads to the model, and to the model's other lists."""

from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from models_app.admin.filters import ModelFilter, is_chosen
from models_app.admin.keyset_lists import KeysetList
from models_app.admin.links import Link
from models_app.admin.read_only import ReadOnlyAdmin
from models_app.models import ServedModel

M = TypeVar("M", bound=Model)


class OfModelList(KeysetList):
    """A list of all models, or of the one that is chosen."""

    model_links: list[Link]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        what = str(capfirst(self.opts.verbose_name_plural))
        # Django leaves out a filter that has nothing to offer.
        chosen = next((spec.chosen() for spec in self.filter_specs if isinstance(spec, ModelFilter)), None)
        self.title = f"{what} of {chosen[1]}" if chosen else what
        self.model_links = links_of_model(request, *chosen, current=self.model) if chosen else []


class OfModelAdmin(ReadOnlyAdmin[M], Generic[M]):
    """Rows that belong to models. `get_ordering` names a unique key that an index leads along."""

    list_filter: ClassVar[Any] = (ModelFilter,)
    ordering: ClassVar[Any] = ("-pk",)
    sortable_by = ()
    # A number beside each filter is a count of the whole table.
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/models_app/of_model_list.html"
    change_form_template = "admin/models_app/of_model_form.html"

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave out the model where it is the same in all rows."""
        columns = super().get_list_display(request)
        return [name for name in columns if name != "model_link"] if is_chosen(request) else columns

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Page by key."""
        return OfModelList

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Lead to the row's model and its lists."""
        model = getattr(context["original"], "model", None)
        if model is not None:
            context["model_links"] = links_of_model(request, model.pk, model.name)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="model")
    def model_link(self, row: Any) -> SafeString | str:
        """Link to the row's model."""
        if row.model is None:
            return "all models"
        return format_html('<a href="{}">{}</a>', model_url(row.model.pk), row.model.name)


def model_url(model_id: int) -> str:
    """Return the address of a model's page."""
    return reverse("admin:models_app_servedmodel_change", args=[model_id])


def list_url(kind: type[Model], model_id: int) -> str:
    """Return the address of one model's list."""
    meta = kind._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return f"{url}?{ModelFilter.parameter_name}={model_id}"


def links_of_model(
    request: HttpRequest, model_id: int, name: str, current: type[Model] | None = None
) -> list[Link]:
    """Return links to a model and to those of its lists that the user may see."""
    links = [Link(name, model_url(model_id), is_current=current is ServedModel)]
    for kind, model_admin in admin.site._registry.items():
        if isinstance(model_admin, OfModelAdmin) and model_admin.has_view_permission(request):
            text = str(capfirst(kind._meta.verbose_name_plural))
            links.append(Link(text, list_url(kind, model_id), is_current=current is kind))
    return links
