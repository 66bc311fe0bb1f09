"""The documents' page of flavors, as the registry has it.

It is written by `WRITE_TABLES=1 python -m pytest tests/docs/test_reference.py`.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from models_app.domain import predictions, scoring
from models_app.domain.features import Features
from models_app.paradigms import chosen_metrics
from models_app.paradigms.base import FEATURES, Paradigm
from models_app.paradigms.registry import FLAVORS
from tests.docs.guides import DOCS
from tests.paradigms.test_battery import MODELS

PAGE = DOCS / "how-to" / "choose-a-flavor.md"
NAME = "flavors"
#: What each is for, as somebody would say it who looks for it.
QUESTIONS = {
    "regression": "How much? How many? A number from features.",
    "binary": "Yes or no? With a probability, of two labels.",
    "multiclass": "Which one? With probabilities, of any number of labels.",
    "label": "Which one, where the model has no probabilities, or nobody wants them?",
    "multioutput": "How much, of several things at once?",
    "multilabel": "Which of these labels, each of them yes or no?",
    "anomaly": "How unusual is this? Learned without a ground truth.",
    "supervised_anomaly": "How unusual is this value, for these features?",
    "clustering": "Which group does this belong to? Learned without a ground truth.",
    "forecasting": "What are the next numbers of this series?",
    "recommendation": "How will this user like that item? Which of these items first?",
    "bandit": "Which arm to pull, to learn from what it pays?",
    "transform": "What do these features become: scaled, encoded, extracted?",
    "statistic": "What does this stream of values come to by now?",
    "drift": "Has this stream of values changed?",
}
_N_LEARNS = 12


def render() -> str:
    """Return what the page has between its marks."""
    lines = ["| you ask | flavor | River's models |", "|---|---|---|"]
    lines += [
        f"| {QUESTIONS[name]} | [`{name}`](#{name}) | {flavor.wanted} |" for name, flavor in FLAVORS.items()
    ]
    for flavor in FLAVORS.values():
        lines += ["", *_section(flavor)]
    return "\n".join(lines) + "\n"


def _section(flavor: Paradigm) -> Iterator[str]:
    called = [f"{name}({', '.join(arguments)})" for name, arguments in flavor.calls.items()]
    methods = (f"`{name}`" for name in called or flavor.methods)
    yield f"## {flavor.name}"
    yield ""
    yield f"- A model has {' and '.join(methods)}."
    request, answer = _exchange(flavor)
    # Some models answer in the order of a set.
    shown = json.dumps({"prediction": answer}, sort_keys=True)
    yield f"- `/api/predict` takes `{json.dumps(request)}` and answers `{shown}`."
    yield from _members(flavor)
    yield f"- A ground truth is one such as `{flavor.example_truth}`{_when(flavor)}."
    own = ", ".join(scoring.values(flavor.new_metrics())) or "none"
    more = chosen_metrics.available(flavor)
    yield f"- Metrics: {own}. By name, too: {', '.join(more)}." if more else f"- Metrics: {own}."


def _members(flavor: Paradigm) -> Iterator[str]:
    for name, member in flavor.takes.items():
        yield f"    - `{name}`: {member.description.removeprefix(f'`{flavor.name}`: ')}"


def _when(flavor: Paradigm) -> str:
    if flavor.needs_truth:
        return ""
    return (
        "; models learn without, and it scores them" if flavor.scores_late else "; models learn without, too"
    )


def _exchange(flavor: Paradigm) -> tuple[dict[str, Any], Any]:
    """Return a request of a prediction, and the answer of a model that has learned a little."""
    model = _seeded(MODELS[flavor.name]())
    inputs: Callable[[int], Any] = flavor.trial_inputs[0] if flavor.trial_inputs else _features
    flavor = flavor.serving(model)
    for number in range(_N_LEARNS):
        x = inputs(number)
        y_pred = flavor.normalize(flavor.predictor(model)(x))
        flavor.learner(model)(flavor.taught(x, y_pred) if flavor.takes else x, flavor.trial_truths[0](number))
    x = inputs(_N_LEARNS)
    y_pred = flavor.normalize(flavor.predictor(model)(x))
    request = dict(x) if flavor.takes else {FEATURES: x}
    return request, _rounded(json.loads(json.dumps(predictions.to_json(flavor.shown(y_pred)))))


def _features(number: int) -> Features:
    # One alone: with more, some models depend on the order of a set.
    return {"x": 1.5 - number % 3}


def _seeded(model: Any) -> Any:
    """Return a new model of the same kind that draws the same each time, and so does what it is made of."""
    parameters: dict[str, Any] = getattr(model, "_get_params", dict)()
    inner = {name: _seeded(value) for name, value in parameters.items() if hasattr(value, "learn_one")}
    seed = {"seed": 1} if "seed" in parameters else {}
    return model.clone({**parameters, **inner, **seed}) if inner or seed else model


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 2) if isinstance(value, float) else value


def write() -> None:
    """Write it into the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(f"<!-- {NAME} -->\n")
    after = rest.split(f"<!-- /{NAME} -->\n")[1]
    text = f"{before}<!-- {NAME} -->\n{render()}<!-- /{NAME} -->\n{after}"
    PAGE.write_text(text, encoding="utf-8")
