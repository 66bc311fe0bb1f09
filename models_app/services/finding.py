"""Finding served models: by name, by what they have done lately."""

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Self

import msgspec

from models_app.domain import resembling
from models_app.domain.errors import ModelNotFound
from models_app.domain.names import can_be_stored
from models_app.engine.near_names import NearNames
from models_app.journal.positions import Place
from models_app.models import ServedModel
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import get_flavor

_near_names = NearNames(lambda limit: get_storage().recent_names(limit))


# A struct: an overview makes one of each model every second.
class Served(msgspec.Struct, frozen=True):
    """A served model as its row was when it was read: a value, without its bytes.

    `seq` is the number of learns that it holds; of those since the upload, rollbacks have undone `n_undone`.
    `predict_method` is what a prediction calls; empty: the flavor's own. `is_read_only`: it learns nothing.
    `features_kept` is how its features are shown; empty: as the setting says. `remarks` have a `code` and a
    `message` each. `sha256` is of the upload as it came; `signed_by` names the key that has signed it, empty
    where none has.
    """

    pk: int
    name: str
    flavor: str
    generation: int
    seq: int
    n_undone: int
    is_default: bool
    is_scored: bool
    predict_method: str
    is_read_only: bool
    features_kept: str
    remarks: list[dict[str, str]]
    n_predictions: int
    size_bytes: int
    sha256: str
    signed_by: str
    uploaded_at: datetime
    last_predicted_at: datetime | None
    last_learned_at: datetime | None

    @classmethod
    def of(cls, row: ServedModel) -> Self:
        """Return a row as a value."""
        return cls(*_columns(row))

    @property
    def paradigm(self) -> Paradigm:
        """Return the paradigm of the model's flavor; raises `UnknownFlavor`."""
        return get_flavor(self.flavor).served_by(self.predict_method)

    @property
    def n_learns(self) -> int:
        """The learns since the upload, undone ones too: a number that only grows."""
        return self.seq + self.n_undone

    @property
    def beginning(self) -> Place:
        """The place in the journal before all that the model's generation has learned."""
        return Place(self.pk, self.generation, 0)


_columns = attrgetter(*Served.__struct_fields__)


def find(name: str) -> Served:
    """Return a model; raises `ModelNotFound`, `StorageUnavailable`."""
    with translated_errors():
        return Served.of(find_row(name))


def find_row(name: str) -> ServedModel:
    """Return a model's row, for what is about to change it; raises `ModelNotFound`, with names like it."""
    if not can_be_stored(name):
        raise ModelNotFound(name)
    row = ServedModel.objects.filter(name=name).first()
    if row is None:
        raise _near_names.not_found(name)
    return row


def find_all() -> list[Served]:
    """Return all models, by name; raises `StorageUnavailable`."""
    return _read(ServedModel.objects.order_by("name"))


def find_changed(since: datetime, *, also: Collection[int] = ()) -> list[Served]:
    """Return those that learned, were uploaded or were rolled back at a moment or later, by primary key.

    And those of the primary keys `also`. Raises `StorageUnavailable`.
    """
    rows = ServedModel.objects.changed_since(since)
    return _read((rows | ServedModel.objects.filter(pk__in=also) if also else rows).order_by("pk"))


def find_used(since: datetime, *, also: Collection[int] = ()) -> list[Served]:
    """Return those that learned, predicted or were uploaded then or later; raises `StorageUnavailable`.

    And those of the primary keys `also`.
    """
    rows = ServedModel.objects.used_since(since)
    return _read(rows | ServedModel.objects.filter(pk__in=also) if also else rows)


def find_generation(pk: int, generation: int) -> Served | None:
    """Return a model while it is of a generation; None: it was deleted, replaced or rolled back since."""
    found = _read(ServedModel.objects.filter(pk=pk, generation=generation))
    return found[0] if found else None


def still_served(pks: Collection[int]) -> set[int]:
    """Return those of the primary keys that are still models'; raises `StorageUnavailable`."""
    with translated_errors():
        return set(ServedModel.objects.filter(pk__in=pks).values_list("pk", flat=True))


def model_names() -> tuple[list[str], str | None]:
    """Return the names of all models, sorted, and the default's."""
    with translated_errors():
        rows = list(ServedModel.objects.order_by("name").values_list("name", "is_default"))
    default = next((name for name, is_default in rows if is_default), None)
    return [name for name, _ in rows], default


def nearest_names(name: str) -> tuple[str, ...]:
    """Return names of models that somebody may have meant, the likeliest first; at most three."""
    return resembling.nearest(name, model_names()[0])


def _read(rows: Iterable[ServedModel]) -> list[Served]:
    with translated_errors():
        return [Served.of(row) for row in rows]
