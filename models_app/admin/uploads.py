"""The form that uploads a model."""

from typing import cast

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from models_app.admin import refusals
from models_app.domain.errors import ChantillyError
from models_app.domain.names import MAX_LENGTH
from models_app.paradigms import chosen_metrics
from models_app.paradigms.guessing import AUTO
from models_app.paradigms.registry import FLAVORS
from models_app.services import uploading


class UploadForm(forms.Form):
    """A model's file, and its name if it shall not be drawn."""

    file = forms.FileField(
        label="Model file",
        help_text="A pickle, made with pickle or dill; unpickling runs code: only upload what you trust. Or "
        "a specification, *.json, which runs none.",
    )
    name = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_LENGTH,
        widget=AdminTextInputWidget,
        help_text="One is drawn if you leave this empty. A model of the same name is replaced.",
    )

    flavor = forms.ChoiceField(
        required=False,
        choices=[("", "the instance's"), (AUTO, "what River says"), *((name, name) for name in FLAVORS)],
        help_text="The kind of task. Without one of the instance's, choose one here.",
    )
    metrics = forms.CharField(
        required=False,
        widget=AdminTextInputWidget,
        help_text="Names from river.metrics, with commas, kept beside the flavor's own; "
        "'none': the model is not scored.",
    )
    read_only = forms.BooleanField(
        required=False,
        label="Read-only",
        help_text="It predicts, and learns nothing: a model without learn_one can be served so.",
    )

    signature = forms.CharField(
        required=False,
        widget=AdminTextInputWidget,
        help_text="As sign_model prints it, where uploads are to be signed.",
    )

    def clean_file(self) -> UploadedFile:
        """Hold the file to the limit that the API has."""
        file = cast("UploadedFile", self.cleaned_data["file"])
        if file.size is not None and file.size > settings.MAX_MODEL_BYTES:
            limit = filesizeformat(settings.MAX_MODEL_BYTES)
            raise forms.ValidationError(f"The file is larger than {limit}.")
        return file

    def upload(self) -> str | None:
        """Have the model served and return its name; None where it was refused, which the form then shows."""
        if not self.is_valid():
            return None
        try:
            file = self.cleaned_data["file"]
            uploaded = uploading.upload_model(
                data=file.read(),
                is_spec=str(file.name).lower().endswith(".json"),
                name=self.cleaned_data["name"] or None,
                metrics=chosen_metrics.read_names(self.cleaned_data["metrics"]),
                flavor=self.cleaned_data["flavor"] or None,
                is_read_only=self.cleaned_data["read_only"],
                signature=self.cleaned_data["signature"] or None,
                now=timezone.now(),
            )
        except ChantillyError as error:
            refusals.put_on_form(self, error)
            return None
        return uploaded.name
