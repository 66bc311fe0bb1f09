"""Changing the feature contract of a model."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from models_app.domain import contract_schemas
from models_app.domain.contract_schemas import Schema
from models_app.domain.errors import InvalidRequest
from models_app.domain.seen_features import SETTLED
from models_app.models import FeatureContract, FeaturesSeen
from models_app.models.transactions import write_transaction
from models_app.services import auditing
from models_app.services.contracts import seeing
from models_app.services.contracts.standing import next_revision, standing
from models_app.services.finding import Served, find


def set_contract(*, name: str, schema: object) -> None:
    """Have a JSON Schema be the contract of a model, frozen.

    Raises `InvalidRequest` where it is none, or the model takes no features; `ModelNotFound`,
    `StorageUnavailable`.
    """
    contract_schemas.read(schema)
    _check_features(find(name))
    with write_transaction():
        model = find(name)
        put(model.pk, schema=schema, is_frozen=True)
        auditing.record(action="set_contract", model=name, data=msgspec.json.encode(schema))
    standing.look()


def change_contract(
    *, name: str, is_frozen: bool | UnsetType = UNSET, is_strict: bool | UnsetType | None = UNSET
) -> None:
    """Freeze what was seen, or let the contract follow it again; hold the model to it, or not.

    `is_strict` is None where the setting is to decide. Raises `InvalidRequest` where there is nothing to
    freeze, or the model takes no features; `ModelNotFound`, `StorageUnavailable`.
    """
    model = find(name)
    _check_features(model)
    asked = {"strict": is_strict, "frozen": is_frozen}
    changed: dict[str, Any] = {key: value for key, value in asked.items() if value is not UNSET}
    values: dict[str, Any] = {} if is_strict is UNSET else {"is_strict": is_strict}
    if is_frozen is not UNSET:
        values |= _frozen(model) if is_frozen else _thawed(model)
    with write_transaction():
        find(name)
        put(model.pk, **values)
        auditing.record(action="change_contract", model=name, **changed)
    standing.look()


def follow_seen(model_id: int, schema: Schema) -> None:
    """Have what was seen be the contract of a model, unless it is frozen; within a transaction."""
    row = FeatureContract.objects.filter(model_id=model_id).first()
    if row is None or (not row.is_frozen and row.schema != schema):
        put(model_id, schema=schema)


def begin_anew(model_id: int) -> None:
    """Forget what was seen of a model that is replaced; within the transaction that does it.

    A contract that was frozen stays: it is about what clients send, not about the model.
    """
    FeaturesSeen.objects.filter(model_id=model_id).delete()
    rows = FeatureContract.objects.filter(model_id=model_id, is_frozen=False, schema__isnull=False)
    rows.update(schema=None, revision=next_revision())


def forget_seen(model_id: int) -> None:
    """Have what is left of a model's journal be seen anew, within a transaction; its contract stays."""
    FeaturesSeen.objects.filter(model_id=model_id).delete()


def put(model_id: int, **values: Any) -> None:
    """Write what has changed of a contract, within a transaction."""
    FeatureContract.objects.update_or_create(
        model_id=model_id, defaults={**values, "revision": next_revision()}
    )


def _check_features(model: Served) -> None:
    if not model.paradigm.has_features:
        raise InvalidRequest(f"'{model.name}' has no feature contract: '{model.flavor}' takes no features.")


def _frozen(model: Served) -> dict[str, Any]:
    row = FeatureContract.objects.filter(model_id=model.pk).first()
    if row is not None and row.is_frozen:
        return {}
    schema = _seen_schema(model, least=1)
    if schema is None:
        raise InvalidRequest({"frozen": ["nothing was seen of its features yet: upload a contract instead"]})
    return {"is_frozen": True, "schema": schema}


def _thawed(model: Served) -> dict[str, Any]:
    return {"is_frozen": False, "schema": _seen_schema(model, least=SETTLED)}


def _seen_schema(model: Served, *, least: int) -> Schema | None:
    """Return what was seen up to now as a contract; None: in fewer records than `least`."""
    progress = seeing.load(model)
    seeing.see(model, progress, None)
    return contract_schemas.write(progress.seen.contract()) if progress.seen.n >= least else None
