"""The feature contracts that models are held to: looked up once a batch, without a query."""

from collections.abc import Mapping
from types import MappingProxyType

from models_app.domain.contracts import Contract


class Contracts:
    """Contracts by the models' ids; of a model without one nothing is checked.

    Any thread may look one up. Whoever puts others there replaces all of them at once.
    """

    __slots__ = ("_by_model",)

    def __init__(self, by_model: Mapping[int, Contract] = MappingProxyType({})) -> None:
        self._by_model = by_model

    def of(self, model_id: int) -> Contract | None:
        """Return the contract that a model is held to."""
        return self._by_model.get(model_id)

    def replace(self, by_model: Mapping[int, Contract]) -> None:
        """Hold models to these contracts from their next batch on."""
        self._by_model = by_model
