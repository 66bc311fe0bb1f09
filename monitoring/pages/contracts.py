"""The features that a model expects, and those that it was asked with."""

from dataclasses import dataclass

from models_app.domain.contracts import KINDS, MISSING
from models_app.domain.seen_features import SETTLED, SeenFeature
from models_app.services.contracts.reading import ContractState, contract_of
from models_app.services.finding import Served
from monitoring.drift.watches import CONTRACT
from monitoring.models import DriftAlert
from monitoring.pages.numbers import short

# More than anybody reads: the others are downloaded.
_SHOWN = 50
_ALERTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A feature on the page: what is expected, and what came, in words."""

    name: str
    expected: str
    came: str
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPart:
    """The part of a model's page about its feature contract."""

    state: ContractState
    settled: int
    features: list[Feature]
    n_left_out: int
    n_breaches: int
    alerts: list[DriftAlert]


def contract_part(model: Served) -> ContractPart | None:
    """Return what there is to show of a model's contract; None: its flavor has none.

    Raises `StorageUnavailable`.
    """
    if not model.paradigm.has_features:
        return None
    state = contract_of(model)
    properties = (state.schema or {}).get("properties", {})
    names = list(dict.fromkeys([*properties, *sorted(state.seen.features)]))
    alerts = DriftAlert.objects.filter(model_id=model.pk, kind=CONTRACT).order_by("-pk")
    return ContractPart(
        state=state,
        settled=SETTLED,
        features=[_feature(state, name) for name in names[:_SHOWN]],
        n_left_out=max(0, len(names) - _SHOWN),
        n_breaches=state.seen.n_breaches,
        alerts=list(alerts[:_ALERTS]),
    )


def _feature(state: ContractState, name: str) -> Feature:
    seen = state.seen.features.get(name)
    return Feature(
        name=name,
        expected=_expected(state, name),
        came="" if seen is None else _shares(seen, state.seen.n_missing(name)),
        values="" if seen is None else _values(seen),
    )


def _expected(state: ContractState, name: str) -> str:
    schema = state.schema
    if schema is None:
        return ""
    feature = schema.get("properties", {}).get(name)
    if feature is None:
        return "anything" if schema.get("additionalProperties", True) else "not expected"
    types = feature.get("type", "anything") if "anyOf" not in feature else "as the contract has it"
    words = types if isinstance(types, str) else " or ".join(types)
    return words if name in schema.get("required", []) else f"{words}, or missing"


def _shares(seen: SeenFeature, n_missing: int) -> str:
    """Return how often each kind came.

    >>> _shares(SeenFeature(kinds={"number": 3}), 0), _shares(SeenFeature(kinds={"number": 3}), 1)
    ('number', 'number 75%, missing 25%')
    """
    counts = {kind: seen.kinds[kind] for kind in KINDS if kind in seen.kinds}
    counts |= {MISSING: n_missing} if n_missing else {}
    if len(counts) == 1:
        return next(iter(counts))
    total = sum(counts.values())
    return ", ".join(f"{kind} {_share(n / total)}" for kind, n in counts.items())


def _share(share: float) -> str:
    """Return a share in percent, and never more than it is.

    >>> _share(0.5), _share(0.0004), _share(0.9999)
    ('50%', '<1%', '>99%')
    """
    if share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def _values(seen: SeenFeature) -> str:
    found = []
    if seen.minimum is not None and seen.maximum is not None:
        least, most = short(seen.minimum), short(seen.maximum)
        found.append(least if least == most else f"{least} to {most}")
    if seen.hashes:
        about = "about " if seen.is_estimated else ""
        found.append(f"{about}{seen.cardinality:,} text{'' if seen.cardinality == 1 else 's'}")
    return ", ".join(found)
