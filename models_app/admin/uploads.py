"""The form that uploads a model, or shows what it would be."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from models_app.admin import refusals
from models_app.domain.errors import ChantillyError
from models_app.domain.names import MAX_LENGTH
from models_app.domain.uploads import Taken
from models_app.paradigms import chosen_metrics
from models_app.paradigms.guessing import AUTO
from models_app.paradigms.registry import FLAVORS
from models_app.services import examining, trying, uploading
from models_app.services.examining import Examined

_Found = TypeVar("_Found")
_SPEC_FILE = "A specification, *.json."
_FILES = {
    Taken.SPEC: f"{_SPEC_FILE} This server takes no pickles (MODEL_UPLOADS=spec).",
    Taken.RIVER: "A pickle of River's own objects, made with pickle (MODEL_UPLOADS=river). Or a "
    "specification, *.json.",
    Taken.ANY: "A pickle, made with pickle or dill; unpickling runs code: only upload what you trust. Or "
    "a specification, *.json, which runs none.",
}


class UploadForm(forms.Form):
    """A model, described or in a file, and how it is to be served."""

    fieldsets = (
        ("The model", {"fields": ("specification", "file")}),
        ("How it is served", {"fields": ("name", "flavor", "metrics", "read_only", "signature")}),
    )

    specification = forms.CharField(
        required=False,
        strip=False,
        widget=AdminTextareaWidget(attrs={"rows": 16, "spellcheck": "false", "autocomplete": "off"}),
        help_text="The model in JSON: River's classes with their parameters. No code is loaded for it.",
    )
    file = forms.FileField(label="Or a file", required=False)
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = trying.taken()
        self.fields["file"].help_text = _FILES[taken]
        if taken is Taken.SPEC:
            self.fields["file"].widget.attrs["accept"] = ".json,application/json"

    def clean_specification(self) -> str:
        """Take back what browsers make of line ends: a signature is of the text as it was written."""
        text: str = self.cleaned_data["specification"].replace("\r\n", "\n")
        return text if text.strip() else ""

    def clean_file(self) -> UploadedFile | None:
        """Hold the file to the limit that the API has."""
        file = cast("UploadedFile | None", self.cleaned_data["file"])
        if file is not None and file.size is not None and file.size > settings.MAX_MODEL_BYTES:
            limit = filesizeformat(settings.MAX_MODEL_BYTES)
            raise forms.ValidationError(f"The file is larger than {limit}.")
        return file

    def clean(self) -> dict[str, Any] | None:
        """Ask for one model."""
        cleaned = super().clean()
        if cleaned is None or self.errors:
            return cleaned
        if cleaned["specification"] and cleaned["file"]:
            self.add_error("specification", "Upload this, or the file: one of them.")
        elif not cleaned["specification"] and not cleaned["file"]:
            self.add_error("specification", "Describe a model here, or choose a file.")
        return cleaned

    def upload(self) -> str | None:
        """Have the model served and return its name; None where it was refused, which the form then shows."""
        now = timezone.now()
        uploaded = self._unless_refused(lambda chosen: uploading.upload_model(**chosen, now=now))
        return None if uploaded is None else uploaded.name

    def preview(self) -> Examined | None:
        """Return what would be served; None where it would be refused, which the form then shows."""
        return self._unless_refused(lambda chosen: examining.examine(**chosen, is_drawn=True))

    def _unless_refused(self, do: Callable[[dict[str, Any]], _Found]) -> _Found | None:
        if not self.is_valid():
            return None
        try:
            return do(self._chosen())
        except ChantillyError as error:
            field = "specification" if self.cleaned_data["specification"] else "file"
            refusals.put_on_form(self, error, upload=field)
            return None

    def _chosen(self) -> dict[str, Any]:
        """Return an upload with its choices; raises `InvalidRequest` for a metric."""
        chosen, file = self.cleaned_data, self.cleaned_data["file"]
        return {
            "data": file.read() if file else chosen["specification"].encode(),
            "is_spec": file is None or str(file.name).lower().endswith(".json"),
            "name": chosen["name"] or None,
            "metrics": chosen_metrics.read_names(chosen["metrics"]),
            "flavor": chosen["flavor"] or None,
            "is_read_only": chosen["read_only"],
            "signature": chosen["signature"] or None,
        }
