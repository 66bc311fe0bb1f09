"""What a specification may not be is refused with its place."""

import json
import os
from typing import Any

import pytest

from models_app.domain.errors import MAX_REASONS, InvalidSpec
from models_app.domain.specs import bounds, reading

LINEAR = "linear_model.LinearRegression"


def faults(spec: Any) -> dict[str, list[str]]:
    text = spec if isinstance(spec, bytes) else json.dumps(spec).encode()
    with pytest.raises(InvalidSpec) as refused:
        reading.read(text)
    assert isinstance(refused.value.message, dict)
    return refused.value.message


def linear(**params: Any) -> dict[str, Any]:
    return {"class": LINEAR, "params": params}


class TestRead:
    @pytest.mark.parametrize(
        ("spec", "place", "reason"),
        [
            ({"pipeline": [{"class": "preprocessing.StandardScaler"}, linear(l3=1)]},
             "pipeline[1].params.l3", "unknown parameter; did you mean"),
            ({"class": "StandardScaler"}, "class", "did you mean preprocessing.StandardScaler?"),
            ({"class": "river.linear_model.LinearRegresion"}, "class", f"did you mean {LINEAR} or"),
            ({"class": 3}, "class", "must be the name of a class"),
            ({"pipline": []}, "specification", "did you mean pipeline?"),
            ({"pipeline": []}, "pipeline", "one or more parts"),
            ({"pipeline": ["x"]}, "pipeline[0]", "must be an object with"),
            ({"union": [linear(), 1]}, "union[1]", "must be an object with"),
            ({"pipeline": [linear()], "union": [linear()]}, "specification", 'has "pipeline" and "union"'),
            ({**linear(), "name": "x"}, "name", "only steps have one"),
            ({**linear(), "parms": {}}, "parms", "did you mean params?"),
            ({"pipeline": [{"name": "a", **linear()}, {"name": "a", **linear()}]}, "pipeline", "named 'a'"),
            ({"pipeline": [{"name": 1, **linear()}]}, "pipeline[0].name", "must be a string"),
            ({"class": LINEAR, "params": []}, "params", "must be an object"),
            (linear(l2="much"), "params.l2", "must be a number"),
            (linear(l2=True), "params.l2", "must be a number"),
            (linear(optimizer={"lr": 0.1}), "params.optimizer", "a mapping is written"),
            (linear(optimizer={"class": "optim.SGD", "params": {"lr": []}}),
             "params.optimizer.params.lr", "must be a number"),
            (linear(l2=2**70), "params.l2", "63 bits"),
            ({"class": "compose.Prefixer"}, "params.prefix", "required"),
            ({"class": "compose.Prefixer", "params": {"prefix": "a" * 1_001}}, "params.prefix", "1,000"),
            ({"class": "compose.Prefixer", "params": {"prefix": "\ud800"}}, "params.prefix", "half a char"),
            ({"class": "compose.Select", "params": {"keys": "a"}}, "params.keys", "must be an array"),
            ({"class": "compose.FuncTransformer", "params": {"func": {"function": "os.system"}}},
             "params.func.function", "unknown function"),
            ({"class": "compose.FuncTransformer",
              "params": {"func": {"function": "abs", "params": {"x": 1}}}},
             "params.func.params.x", "unknown parameter"),
            ({"class": "compose.SelectType", "params": {"types": [{"type": "object"}]}},
             "params.types[0].type", "unknown type"),
            ({"class": "compose.Renamer", "params": {"mapping": {"dict": [[[1], 2]]}}},
             "params.mapping.dict", "array of pairs"),
            ({"class": "feature_extraction.BagOfWords", "params": {"stop_words": {"set": [{}]}}},
             "params.stop_words.set", "must be an array of strings"),
            ({"class": "feature_extraction.BagOfWords", "params": {"tokenizer_pattern": "(a+)+$"}},
             "params.tokenizer_pattern", "must be one of"),
            ({"class": "cluster.TextClust", "params": {"micro_distance": "__class__"}},
             "params.micro_distance", "must be one of"),
            ({"class": "utils.TimeRolling",
              "params": {"cls": {"type": "stats.Mean"}, "period": {"seconds": -1}}},
             "params.period.seconds", "must be a number from"),
            ({"class": "utils.Rolling",
              "params": {"cls": {"type": "stats.Mean"}, "window_size": 2, "ddof": 0}},
             "params.ddof", "unknown parameter"),
            (linear(clip_gradient={"float": "nan"}), "params.clip_gradient.float", '"inf" or "-inf"'),
            (b'{"class": "a", "class": "b"}', "specification", "'class' twice"),
            (b'{"class": "%s", "params": {"l2": NaN}}' % LINEAR.encode(), "specification", "NaN is not"),
            (b'{"class": "%s", "params": {"l2": 1e999}}' % LINEAR.encode(), "params.l2", "must be finite"),
            (b'{"class": ' + b"9" * 5_000 + b"}", "specification", "is no JSON"),
            (b"", "specification", "is no JSON"),
            (b"\xff\xfe", "specification", "is no JSON"),
            (b"[" * 10_000, "specification", "nested deeper"),
            (b'{"pipeline":' * 10_000, "specification", "nested deeper"),
            (b'{"pipeline":[' * 40 + b"1" + b"]}" * 40, "specification", "nested deeper"),
            (b" " * (256 * 1024 + 1), "specification", "at most 256 KiB"),
            ({"class": "compose.Select", "params": {"keys": [0] * 20_001}}, "specification", "20,000 values"),
        ],
    )  # fmt: skip
    def test_refuses_what_is_none_at_its_place(self, spec: Any, place: str, reason: str) -> None:
        found = faults(spec)

        assert place in found
        assert reason in found[place][0]

    @pytest.mark.parametrize(
        "name",
        [
            "os.system", "builtins.eval", "__class__", "compose.__init__", "linear_model.base.GLM", "",
            "datasets.Bikes", "compose.Pipeline", "stream.Cache", "linear_model.LinearRegression.__init__",
            "utils.VectorDict", "compat.SKL2RiverRegressor", "base.Estimator", ".", "a" * 100_000,
        ],
    )  # fmt: skip
    def test_names_no_class_but_those_of_the_list(self, name: str) -> None:
        assert "unknown class" in faults({"class": name})["class"][0]

    @pytest.mark.parametrize("name", ["__class__", "__init__", "learn_one", "print_kwargs", "file", "_w"])
    def test_names_no_parameter_but_those_of_the_list(self, name: str) -> None:
        halving = {
            "class": "model_selection.SuccessiveHalvingRegressor",
            "params": {"models": [], "metric": {"class": "metrics.MAE"}, "budget": 10, name: 1},
        }

        assert faults(halving).keys() == {f"params.{name}"}

    @pytest.mark.parametrize(
        ("path", "params"),
        [
            ("ensemble.BaggingRegressor", {"model": linear(), "n_models": 10**9}),
            ("anomaly.HalfSpaceTrees", {"height": 40}),
            ("drift.ADWIN", {"max_buckets": 2**40}),
            ("drift.ADWIN", {"clock": 0}),
            ("stats.RollingQuantile", {"q": 0.5, "window_size": 10**12}),
            ("sketch.Counter", {"epsilon": 1e-12}),
            ("sketch.Set", {"capacity": 10**12}),
            ("multiclass.OutputCodeClassifier", {"classifier": linear(), "code_size": 10**9}),
            ("forest.AMFClassifier", {"n_estimators": 10**6}),
            ("feature_extraction.BagOfWords", {"ngram_range": [1, 10**9]}),
            ("time_series.SNARIMAX", {"p": 1, "d": 3_000, "q": 1}),
            ("utils.Rolling", {"cls": {"type": "stats.Mean"}, "window_size": {"float": "inf"}}),
        ],
    )
    def test_bounds_what_takes_memory_or_time(self, path: str, params: dict[str, Any]) -> None:
        found = faults({"class": path, "params": params})

        assert all("must be a number from" in reasons[0] for reasons in found.values())

    @pytest.mark.parametrize(
        "spec",
        [
            {"class": "anomaly.HalfSpaceTrees", "params": {"n_trees": 1_000, "height": 15}},
            {"class": "ensemble.BaggingRegressor", "params": {"n_models": 100, "model": {
                "class": "ensemble.BaggingRegressor", "params": {"n_models": 100, "model": {
                    "class": "ensemble.BaggingRegressor", "params": {"n_models": 100, "model": linear()}}}}}},
            {"class": "ensemble.BaggingRegressor", "params": {"n_models": 1_000, "model": {
                "class": "neighbors.KNNRegressor", "params": {"engine": {
                    "class": "neighbors.LazySearch", "params": {"window_size": 100_000}}}}}},
        ],
    )  # fmt: skip
    def test_bounds_what_limits_multiply_to(self, spec: Any) -> None:
        assert f"more than {bounds.MAX_PARTS:,} parts" in faults(spec)["specification"][0]

    def test_lists_as_many_faults_as_a_message_has_room_for(self) -> None:
        assert len(faults(linear(**{f"l{number}0": 1 for number in range(100)}))) == MAX_REASONS

    def test_runs_nothing_that_a_specification_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ran: list[str] = []
        monkeypatch.setattr(os, "system", ran.append)

        for place in ("class", "function", "type"):
            faults({place: "os.system", "params": {"command": "true"}})

        assert not ran
