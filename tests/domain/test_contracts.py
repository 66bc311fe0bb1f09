"""Feature contracts, as JSON Schema, and what was seen."""

from typing import Any

import pytest

from models_app.domain import contract_schemas, seen_features
from models_app.domain.contracts import MAX_FEATURES, Contract, Rule
from models_app.domain.errors import FeatureContract, InvalidRequest
from models_app.domain.seen_features import SETTLED, Seen

NUMBER = frozenset({"number"})


def faults(contract: Contract, x: object) -> list[tuple[str, str, str]]:
    return [(fault.feature, fault.breach, fault.came) for fault in contract.faults(x)]


def schema(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"area": members}}


class TestContract:
    def test_names_each_feature_that_is_not_as_expected(self) -> None:
        optional = Rule(kinds=frozenset({"string", "null"}), is_required=False)
        contract = Contract(features={"area": Rule(kinds=NUMBER), "city": optional})

        assert faults(contract, {"area": 1, "city": None}) == []
        assert faults(contract, {"area": 1.5}) == []
        assert faults(contract, {"area": True, "city": 3, "x": []}) == [
            ("area", "kind", "boolean"),
            ("city", "kind", "number"),
            ("x", "new", "array"),
        ]
        assert faults(contract, {"city": "Rome"}) == [("area", "missing", "missing")]
        assert faults(contract, "Rome") == [("", "kind", "string")]

    def test_refuses_with_the_places_and_without_a_value(self) -> None:
        contract = Contract(features={"area": Rule(kinds=NUMBER)})

        with pytest.raises(FeatureContract) as refused:
            contract.check([("features", {"area": 1}), ("xs[1]", {"area": "secret"})])

        assert refused.value.message == {"xs[1]": ["area: must be number, not string"]}

    def test_takes_others_where_it_is_open(self) -> None:
        assert faults(Contract(is_open=True), {"anything": 1}) == []

    def test_shortens_long_names(self) -> None:
        (fault,) = Contract().faults({"x" * 10_000: 1})

        assert len(str(fault)) < 250


class TestRead:
    @pytest.mark.parametrize(
        ("members", "good", "bad"),
        [
            ({"type": "number", "minimum": 0, "maximum": 5}, [0, 5, 2.5], [-1, 5.5, "1", True, None]),
            ({"type": "integer"}, [3, 3.0, 10**20], [3.5, True]),
            ({"type": ["string", "null"]}, ["", None], [1]),
            ({"enum": ["a", 1, None]}, ["a", 1, 1.0, None], ["b", True]),
            ({"anyOf": [{"type": "integer", "maximum": 3}, {"type": "null"}]}, [3, None], [4, 1.5, "x"]),
            ({"type": ["integer", "number"]}, [1.5], ["x"]),
            ({}, [1, "x", None, [], {}], []),
        ],
    )
    def test_holds_to_what_it_knows(
        self, members: dict[str, Any], good: list[object], bad: list[object]
    ) -> None:
        contract = contract_schemas.read(schema(**members))

        assert [value for value in good if faults(contract, {"area": value})] == []
        assert [value for value in bad if not faults(contract, {"area": value})] == []

    @pytest.mark.parametrize(
        ("given", "place"),
        [
            ([], "schema"),
            ({"type": "array"}, "type"),
            ({"type": []}, "type"),
            ({"type": [["object"]]}, "type"),
            ({"patternProperties": {}}, "patternProperties"),
            ({"properties": []}, "properties"),
            ({"properties": {str(number): {} for number in range(MAX_FEATURES + 1)}}, "properties"),
            ({"required": "area"}, "required"),
            ({"required": ["area"]}, "required"),
            ({"additionalProperties": {}}, "additionalProperties"),
            (schema(type="decimal"), "properties.area.type"),
            (schema(pattern=".*"), "properties.area.pattern"),
            (schema(minimum="0"), "properties.area.minimum"),
            (schema(maximum=float("inf")), "properties.area.maximum"),
            (schema(maximum=True), "properties.area.maximum"),
            (schema(enum=[]), "properties.area.enum"),
            (schema(enum=[[1]]), "properties.area.enum"),
            (schema(anyOf=[]), "properties.area.anyOf"),
            (schema(anyOf=[{"enum": [1]}]), "properties.area.anyOf"),
            (schema(anyOf=[{"type": "number"}, {"type": "number"}]), "properties.area.anyOf"),
            (schema(anyOf=[{"type": "number"}], type="number"), "properties.area.type"),
            (schema(anyOf=[{"type": "x"}]), "properties.area.anyOf[0].type"),
            ({"properties": {"area": True}}, "properties.area"),
        ],
    )
    def test_names_the_place_of_what_it_would_not_hold_to(self, given: object, place: str) -> None:
        with pytest.raises(InvalidRequest) as refused:
            contract_schemas.read(given)

        assert isinstance(refused.value.message, dict)
        assert list(refused.value.message) == [place]

    def test_reads_what_it_has_written(self) -> None:
        contract = Contract(
            features={
                "a": Rule(kinds=NUMBER, is_whole=True, minimum=0, maximum=3.5),
                "b": Rule(kinds=frozenset({"string", "null"}), is_required=False, values=("x", None)),
            },
            is_open=True,
            wholes=frozenset({"object", "string"}),
        )

        assert contract_schemas.read(contract_schemas.write(contract)) == contract


class TestSeen:
    def test_is_a_contract_once_it_has_settled(self) -> None:
        seen = Seen()
        for number in range(SETTLED):
            assert not seen.stands
            seen.see({"area": number, "city": "Rome"} if number % 2 else {"area": None})

        assert seen.stands
        assert contract_schemas.write(seen.contract()) == {
            "$schema": contract_schemas.DIALECT,
            "type": "object",
            "properties": {"area": {"type": ["number", "null"]}, "city": {"type": "string"}},
            "required": ["area"],
            "additionalProperties": False,
        }
        assert (seen.features["area"].minimum, seen.features["area"].maximum) == (1, SETTLED - 1)
        assert seen.n_missing("city") == SETTLED / 2

    @pytest.mark.parametrize(("n", "least", "most"), [(1, 1, 1), (60, 60, 60), (20_000, 15_000, 26_000)])
    def test_counts_texts_and_estimates_many(self, n: int, least: int, most: int) -> None:
        seen = Seen()
        for number in range(n):
            for _ in range(2):
                seen.see({"city": f"city {number}"})

        city = seen.features["city"]
        assert least <= city.cardinality <= most
        assert len(city.hashes) <= 64

    def test_has_room_for_so_many_features_only(self) -> None:
        seen = Seen()
        for number in range(MAX_FEATURES + 10):
            seen.see({f"word {number}": 1})

        assert len(seen.features) == MAX_FEATURES
        assert faults(seen.contract(), {"word 0": 1, "word x": 1}) == []

    def test_tells_of_a_fault_once_until_the_contract_is_another(self) -> None:
        seen = Seen()
        (fault,) = Contract().faults({"x": 1})

        assert [seen.breached(fault) for _ in range(3)] == [True, False, False]
        seen.compare_with(5)
        assert [seen.breached(fault) for _ in range(2)] == [True, False]
        assert seen.breaches == {"new": 5}

    def test_comes_back_from_its_text(self) -> None:
        seen = Seen()
        seen.see({"a": 1, "b": "x", "c": None, "d": -(10**400), "e": 10**25})
        seen.see("a text")
        seen.breached(next(Contract().faults({"x": 1})))

        assert seen_features.decode(seen_features.encode(seen)) == seen
