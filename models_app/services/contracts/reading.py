"""The feature contract of a model, with what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from models_app.domain import contract_schemas
from models_app.domain.contract_schemas import Schema
from models_app.domain.seen_features import Seen, SeenFeature
from models_app.models import FeatureContract, FeaturesSeen
from models_app.models.transactions import translated_errors
from models_app.services import showing
from models_app.services.contracts import seeing
from models_app.services.contracts.standing import held_to
from models_app.services.finding import Served, find

# Models that a statement names.
_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractState:
    """A contract as it is now. `schema` is None while too little was seen.

    `is_held_to`: what is not as it says is refused; `is_strict` is the model's own switch, None where the
    setting decides. `seen` has no ranges of features that are not to be shown.
    """

    model: Served
    schema: Schema | None
    is_frozen: bool
    is_strict: bool | None
    is_held_to: bool
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Switches of a contract; `is_strict` is the model's own choice, None where the setting decides."""

    is_frozen: bool
    is_strict: bool | None
    is_held_to: bool


def find_switches(model_id: int) -> Switches:
    """Return how it stands with a model's contract; raises `StorageUnavailable`."""
    with translated_errors():
        row = FeatureContract.objects.filter(model_id=model_id).first()
    is_strict = None if row is None else row.is_strict
    return Switches(
        is_frozen=row is not None and row.is_frozen, is_strict=is_strict, is_held_to=held_to(is_strict)
    )


def get_contract(*, name: str) -> ContractState:
    """Return the contract of a model; raises `ModelNotFound`, `StorageUnavailable`."""
    return contract_of(find(name))


def contract_of(model: Served) -> ContractState:
    """Return the contract of a model, as far as its features were seen; raises `StorageUnavailable`."""
    with translated_errors():
        row = FeatureContract.objects.filter(model_id=model.pk).first()
    progress = seeing.load(model)
    seeing.see(model, progress, seeing.frozen_contract(row))
    seen = progress.seen
    is_frozen = row is not None and row.is_frozen
    schema = None if row is None else row.schema
    if not is_frozen and seen.stands:
        schema = contract_schemas.write(seen.contract())
    is_strict = None if row is None else row.is_strict
    return ContractState(
        model=model,
        schema=schema,
        is_frozen=is_frozen,
        is_strict=is_strict,
        is_held_to=schema is not None and held_to(is_strict),
        seen=seen if showing.shows_all(model.features_kept) else _without_ranges(seen),
    )


def _without_ranges(seen: Seen) -> Seen:
    """Return what was seen without the least and the greatest numbers: these are values."""
    features = {
        name: structs.replace(feature, minimum=None, maximum=None) for name, feature in seen.features.items()
    }
    return structs.replace(seen, features=features)


def breach_counts(names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how many features of these models were not as expected, by model and by what was wrong.

    Raises `StorageUnavailable`.
    """
    rows = FeaturesSeen.objects.exclude(breaches={}).values_list("model__name", "breaches")
    found: dict[str, dict[str, int]] = {}
    with translated_errors():
        for start in range(0, len(names), _AT_A_TIME):
            found |= dict(rows.filter(model__name__in=names[start : start + _AT_A_TIME]))
    return found


def document(state: ContractState) -> Schema:
    """Return a contract as it is downloaded: JSON Schema, with what was seen beside it.

    Where there is none yet, everything is valid.
    """
    schema: Schema = dict(state.schema or {"$schema": contract_schemas.DIALECT, "type": ["object", "string"]})
    properties = schema.get("properties", {})
    seen = state.seen
    return {
        **schema,
        "title": schema.get("title", f"features of {state.model.name}"),
        "properties": {
            name: {**feature, **_noted(seen, name)} if isinstance(feature, dict) else feature
            for name, feature in properties.items()
        },
        contract_schemas.SEEN: {
            "records": seen.n,
            "skipped": seen.n_skipped,
            "frozen": state.is_frozen,
            "strict": state.is_held_to,
            "breaches": dict(seen.breaches),
        },
    }


def _noted(seen: Seen, name: str) -> Schema:
    feature = seen.features.get(name)
    return {} if feature is None else {contract_schemas.SEEN: noted(feature, seen.n_missing(name))}


def noted(feature: SeenFeature, n_missing: int) -> Schema:
    """Return what was seen of a feature: how often each kind, the range, and how many texts."""
    found: Schema = {"kinds": dict(feature.kinds), "missing": n_missing}
    if feature.minimum is not None:
        found |= {"minimum": feature.minimum, "maximum": feature.maximum}
    if feature.hashes:
        found |= {"texts": feature.cardinality, "texts_estimated": feature.is_estimated}
    return found
