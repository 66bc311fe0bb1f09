"""Finding served models: by name, by what they have done lately."""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import starmap
from operator import attrgetter
from typing import Any, Self, TypeVar

import msgspec
from django.db.models import Exists, Q, QuerySet

from models_app.domain.errors import ModelNotFound
from models_app.domain.names import can_be_stored
from models_app.engine.near_names import NearNames
from models_app.journal.positions import Place
from models_app.models import Generation, ServedModel
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import get_flavor

T = TypeVar("T")

# Keys that a statement names.
_AT_A_TIME = 5_000
# Names that are looked at for a page of those that have a text in them: some milliseconds.
_LOOKED_AT = 50_000

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
    """Return all models, by name; raises `StorageUnavailable`.

    There may be a million: for who has asked for all, and for nobody who looks again and again.
    """
    return _read(ServedModel.objects.order_by("name"))


def find_last_used(limit: int) -> list[Served]:
    """Return so many models, at most, those used last first; raises `StorageUnavailable`."""
    return _read(ServedModel.objects.last_used_first()[:limit])


def find_of_flavor(flavor: str, limit: int) -> list[Served]:
    """Return so many models of a flavor, at most, those uploaded first; raises `StorageUnavailable`."""
    return _read(ServedModel.objects.filter(flavor=flavor).order_by("pk")[:limit])


def in_query(pks: Collection[int]) -> QuerySet[ServedModel]:
    """Return models for a query about another table, which names each of them once."""
    return ServedModel.objects.filter(pk__in=pks)


def find_named(names: Collection[str]) -> list[Served]:
    """Return those of the names that there are, in the order of the names; raises `StorageUnavailable`."""
    known = {model.name: model for some in _pieces(names) for model in _read_where(name__in=some)}
    return [known[name] for name in names if name in known]


def find_changed(since: datetime, *, also: Collection[int] = ()) -> list[Served]:
    """Return those that learned, were uploaded or were rolled back at a moment or later, by primary key.

    And those of the primary keys `also`. Raises `StorageUnavailable`.
    """
    with translated_errors():
        begun = set(Generation.objects.filter(started_at__gte=since).values_list("model_id", flat=True))
    found = {model.pk: model for model in _read(ServedModel.objects.learned_since(since))}
    return _with(found, begun.union(also))


def find_used(since: datetime, *, also: Collection[int] = ()) -> list[Served]:
    """Return those that learned, predicted or were uploaded then or later; raises `StorageUnavailable`.

    And those of the primary keys `also`.
    """
    return _with({model.pk: model for model in _read(ServedModel.objects.used_since(since))}, also)


def find_unsettled(
    settled: QuerySet[Any], *, where: Q, after: int, among: int, limit: int
) -> tuple[list[Served], int | None]:
    """Return the next models by primary key that have no row in `settled`, and after which to go on.

    Of those for which `where` holds; `settled` is of another table, with an `OuterRef` to the model. No more
    than `among` models are looked at; None: they were the last. Raises `StorageUnavailable`.
    """
    ahead = ServedModel.objects.filter(pk__gt=after).order_by("pk")
    with translated_errors():
        end = ahead.values_list("pk", flat=True)[among - 1 : among].first()
    looked_at = ahead if end is None else ahead.filter(pk__lte=end)
    found = _read(looked_at.filter(where).exclude(Exists(settled))[:limit])
    return found, found[-1].pk if len(found) == limit else end


def find_generation(pk: int, generation: int) -> Served | None:
    """Return a model while it is of a generation; None: it was deleted, replaced or rolled back since."""
    found = _read(ServedModel.objects.filter(pk=pk, generation=generation))
    return found[0] if found else None


def still_served(pks: Collection[int]) -> set[int]:
    """Return those of the primary keys that are still models'; raises `StorageUnavailable`."""
    with translated_errors():
        return set(ServedModel.objects.filter(pk__in=pks).values_list("pk", flat=True))


def model_names() -> list[str]:
    """Return the names of all models, sorted, for who does something with each of them."""
    with translated_errors():
        return list(ServedModel.objects.order_by("name").values_list("name", flat=True))


def default_name() -> str | None:
    """Return the name of the default model; raises `StorageUnavailable`."""
    return get_storage().default_name()


def names_after(after: str, *, search: str, limit: int) -> tuple[list[str], str | None]:
    """Return the next names that have a text in them, sorted, and after which to go on; None: that is all.

    No more than some ten thousand names are looked at: there may be fewer than `limit`, or none, and others
    behind them all the same. Raises `StorageUnavailable`.
    """
    rows = ServedModel.objects.order_by("name")
    ahead = rows.filter(name__gt=after) if after else rows
    with translated_errors():
        if not search:
            names = list(ahead.values_list("name", flat=True)[: limit + 1])
            return names[:limit], names[limit - 1] if len(names) > limit else None
        end = ahead.values_list("name", flat=True)[_LOOKED_AT - 1 : _LOOKED_AT].first()
        looked_at = ahead if end is None else ahead.filter(name__lte=end)
        names = list(looked_at.filter(name__icontains=search).values_list("name", flat=True)[: limit + 1])
    if len(names) > limit:
        return names[:limit], names[limit - 1]
    return names, end


def nearest_names(name: str) -> tuple[str, ...]:
    """Return names of models that somebody may have meant, the likeliest first; at most three."""
    return tuple(_near_names.not_found(name).near)


def _with(found: dict[int, Served], also: Collection[int]) -> list[Served]:
    """Return what was found, and those of the primary keys, by primary key."""
    for some in _pieces([pk for pk in also if pk not in found]):
        found |= {model.pk: model for model in _read_where(pk__in=some)}
    return [found[pk] for pk in sorted(found)]


def _read_where(**conditions: object) -> list[Served]:
    return _read(ServedModel.objects.filter(**conditions))


def _pieces(keys: Collection[T]) -> Iterator[list[T]]:
    """Yield keys as many at a time as one statement may name."""
    keys = list(keys)
    for start in range(0, len(keys), _AT_A_TIME):
        yield keys[start : start + _AT_A_TIME]


def _read(rows: QuerySet[ServedModel]) -> list[Served]:
    # Without an object of Django's for each, which costs more than to read it.
    with translated_errors():
        return list(starmap(Served, rows.values_list(*Served.__struct_fields__)))
