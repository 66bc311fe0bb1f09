"""Tokens in the admin: made, listed and revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import (
    AdminIntegerFieldWidget,
    AdminSplitDateTime,
    AdminTextareaWidget,
    AdminTextInputWidget,
)
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from access import tokens
from access.bounds import QUOTAS, Bounds, in_words
from access.models import ApiToken
from access.tokens import NewToken
from models_app.admin import plain_forms, refusals
from models_app.admin.read_only import ReadOnlyAdmin
from models_app.domain.errors import ChantillyError
from models_app.domain.scopes import SCOPES


class TokenForm(forms.Form):
    """A token that is to be made."""

    name = forms.CharField(widget=AdminTextInputWidget, strip=False, help_text="Who or what will use it.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES], widget=forms.CheckboxSelectMultiple
    )
    models = forms.CharField(
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text="Names, or patterns such as pump-*, one a line. Without any it is for all models.",
    )
    rates = forms.CharField(
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text="How often, such as 100/s in all, predict=100/s or /api/learn=5/m, one a line. "
        "Without any, what the settings say.",
    )
    max_models = forms.IntegerField(
        required=False, widget=AdminIntegerFieldWidget, help_text="Models that it has uploaded, at most."
    )
    max_bytes = forms.IntegerField(
        required=False, widget=AdminIntegerFieldWidget, help_text="Bytes of these models together, at most."
    )
    max_pending = forms.IntegerField(
        required=False,
        widget=AdminIntegerFieldWidget,
        help_text="Predictions of its own that await their ground truths, at most.",
    )
    expires_at = forms.SplitDateTimeField(label="Expires", required=False, widget=AdminSplitDateTime)

    def make(self) -> NewToken | None:
        """Make the token; None where it is refused, which the form then shows."""
        if not self.is_valid():
            return None
        try:
            return tokens.create_token(
                name=self.cleaned_data["name"],
                scopes=self.cleaned_data["scopes"],
                models=self.cleaned_data["models"].splitlines(),
                bounds=Bounds(
                    rates=self.cleaned_data["rates"].splitlines(),
                    **{name: self.cleaned_data[name] for name in QUOTAS},
                ),
                expires_at=self.cleaned_data["expires_at"],
                now=timezone.now(),
            )
        except ChantillyError as error:
            refusals.put_on_form(self, error)
            return None


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin[ApiToken]):
    """Tokens. What one may do is said when it is made, and stays."""

    list_display = (
        "name", "its_scopes", "its_models", "its_rates", "its_quotas", "created_at", "expires_at",
        "last_used_at", "revoked_at",
    )  # fmt: skip
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name",)
    ordering = ("-created_at", "-pk")
    fields = list_display
    readonly_fields = list_display
    actions = ("revoke",)
    add_form_template = "admin/access/apitoken/add.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether the user has the permission to make tokens."""
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Say whether the user may revoke; nobody edits a row."""
        return obj is None and admin.ModelAdmin.has_change_permission(self, request)

    def has_view_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Say whether the user may look; the permission to change will do."""
        return admin.ModelAdmin.has_view_permission(self, request)

    @admin.display(description="scopes")
    def its_scopes(self, token: ApiToken) -> str:
        """Return the scopes in a line."""
        return ", ".join(token.scopes)

    @admin.display(description="models")
    def its_models(self, token: ApiToken) -> str:
        """Return the models in a line."""
        return ", ".join(token.patterns) or "all"

    @admin.display(description="rates")
    def its_rates(self, token: ApiToken) -> str:
        """Return the rates in a line."""
        return ", ".join(token.rates)

    @admin.display(description="quotas")
    def its_quotas(self, token: ApiToken) -> str:
        """Return the quotas in a line."""
        return in_words(token)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Make a token, and show it: this once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST) if request.method == "POST" else TokenForm()
        made = form.make() if form.is_bound else None
        if made is None:
            return plain_forms.render(
                self, request, form, title="Make a token", form_url=form_url, extra_context=extra_context
            )
        token = tokens.valid_tokens().filter(name=made.name).first()
        if token is not None:
            self.log_addition(request, token, [{"added": {}}])
        context = {**self.admin_site.each_context(request), "title": "The token", "made": made}
        return TemplateResponse(request, "admin/access/apitoken/made.html", context)

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Have the selected tokens be valid no more."""
        for name in list(queryset.filter(revoked_at__isnull=True).values_list("name", flat=True)):
            with refusals.Shown(self, request, name):
                tokens.revoke_token(name=name, now=timezone.now())
                self.message_user(request, f"'{name}' is revoked.", messages.SUCCESS)
