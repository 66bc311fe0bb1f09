"""What is shown of a model's features: as the setting says, or the model's own choice.

It is about who looks on: the database keeps what a model learns from, whatever is shown.
"""

import functools
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from models_app.domain import showing
from models_app.domain.errors import InvalidRequest, ModelRaised
from models_app.domain.predictions import Prediction
from models_app.models import ServedModel
from models_app.models.transactions import translated_errors, write_transaction
from models_app.paradigms.base import Paradigm
from models_app.services import auditing
from models_app.services.finding import Served, find, find_row

#: The column and the field of that name.
FIELD = "features_kept"


@dataclass(frozen=True, slots=True)
class Shown:
    """A way of showing, and whether it is the model's own choice."""

    way: str
    is_own: bool


def way_of(own: str) -> str:
    """Return how a model's features are shown whose row says `own`; empty: as the setting says."""
    return own or settings.FEATURES_KEPT


def shows_all(own: str) -> bool:
    """Say whether features are shown as they are."""
    return way_of(own) == showing.ALL


def shows_all_of(name: str) -> bool:
    """Say the same of a model by its name; of one that is gone as the setting says.

    Raises `StorageUnavailable`.
    """
    with translated_errors():
        own = ServedModel.objects.filter(name=name).values_list("features_kept", flat=True).first()
    return shows_all(own or "")


def shown_text(text: bytes, own: str) -> bytes:
    """Return the JSON text of features, or of all that a model was asked with, as it is shown."""
    return showing.shown_text(text, way_of(own), _key(settings.SECRET_KEY))


def shown_prediction(prediction: Prediction, own: str, paradigm: Paradigm) -> Prediction:
    """Return a prediction as it is shown: other than it is where it is made of features alone."""
    if not paradigm.predicts_features:
        return prediction
    found: Prediction = showing.shown(prediction, way_of(own), _key(settings.SECRET_KEY))
    return found


@contextmanager
def texts_of(model: Served) -> Iterator[None]:
    """Have what code raises that sees a model's features be refused by its class, if they are not shown."""
    try:
        yield
    except ModelRaised as error:
        if shows_all(model.features_kept):
            raise
        raise error.without_text() from None


def get_shown(*, name: str) -> Shown:
    """Return how a model's features are shown; raises `ModelNotFound`, `StorageUnavailable`."""
    return _shown(find(name))


def keep_features(*, name: str, way: str | None) -> Shown:
    """Show a model's features so from its next request on; None: as the setting says.

    An upload under the name changes nothing of it. Raises `InvalidRequest`, `ModelNotFound`,
    `StorageUnavailable`.
    """
    if way is not None and way not in showing.WAYS:
        raise InvalidRequest({FIELD: [f"must be one of {', '.join(map(repr, showing.WAYS))}"]})
    # First without the lock that all writers wait for: to look for names like it takes a while.
    find(name)
    with write_transaction():
        row = find_row(name)
        ServedModel.objects.filter(pk=row.pk).update(features_kept=way or "")
        auditing.record(
            action="keep_features", model=name, features_kept=way, before=row.features_kept or None
        )
    return get_shown(name=name)


def _shown(model: Served) -> Shown:
    return Shown(way_of(model.features_kept), bool(model.features_kept))


@functools.lru_cache(maxsize=1)
def _key(secret_key: str) -> bytes:
    # Of its own: a digest must say nothing of what else the key signs.
    return hmac.digest(secret_key.encode(), b"features that are shown hashed", "sha256")
