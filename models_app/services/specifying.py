"""The specifications of served models: what they can be built from again."""

from typing import Any

from models_app.domain.errors import NoDefaultModel, NoSpec
from models_app.domain.specs import describing
from models_app.models import Generation, Specification
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.services import auditing
from models_app.services.finding import find

_FROM_BEFORE = "it was uploaded before specifications were kept: upload it again"


def get_spec(*, name: str | None) -> describing.Specification:
    """Return the specification of a model as it was uploaded; of the default one where none is named.

    Raises `ModelNotFound`, `NoDefaultModel`, `NoSpec`, `StorageUnavailable`.
    """
    if name is None:
        name = get_storage().default_name()
        if name is None:
            raise NoDefaultModel
    found = look_at_spec(find(name).pk)
    if found.reason:
        raise NoSpec(f"'{name}' has no specification: {found.reason}.")
    auditing.record_afterwards(action="download", model=name, is_spec=True)
    return found


def look_at_spec(model_id: int) -> describing.Specification:
    """Return the specification of a model, or with a `reason` instead, for a page that shows it.

    It is no download, and not in the audit trail. Raises `StorageUnavailable`.
    """
    with translated_errors():
        rows = Specification.objects.filter(generation__model_id=model_id)
        found = rows.order_by("-generation__generation").first()
    if found is None:
        return describing.Specification(reason=_FROM_BEFORE)
    return describing.Specification(found.full, found.short, says_all=found.says_all, reason=found.reason)


def save_spec(generation: Generation, found: describing.Specification) -> None:
    """Keep the specification of an upload instead of those before; to be called within a transaction."""
    Specification.objects.filter(generation__model_id=generation.model_id).delete()
    values: dict[str, Any] = {"full": found.full, "short": found.short, "says_all": found.says_all}
    Specification.objects.create(generation=generation, reason=found.reason, **values)
