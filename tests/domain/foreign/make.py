"""Makes the pickles beside it: run it once under each version of Python and River, with dill and cloudpickle.

python3.12 tests/domain/foreign/make.py          # writes py312.*.pickle
python3.11 tests/domain/foreign/make.py river    # under an older River: writes river-0.25.*.pickle
"""
# mypy: ignore-errors

import pickle
import sys
from pathlib import Path

import river
from river import compose, feature_extraction, linear_model, naive_bayes, preprocessing

HERE = Path(__file__).parent


def scaled(x):
    """Take its arguments apart as many instructions as a small function has."""
    found = {}
    for name, value in x.items():
        if isinstance(value, float) and value > 0:
            found[name] = round(value / 2, 3)
    return found or dict.fromkeys(sorted(x), 0.0)


class Own:
    """A model with its own code."""

    def __init__(self):
        self.total = 0.0

    def learn_one(self, x, y):
        self.total += sum(value for value in x.values() if value) + y

    def predict_one(self, x):
        return self.total if x else 0.0


def functions() -> None:
    """Write models with code of this version of Python."""
    import cloudpickle
    import dill

    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    pipeline = compose.FuncTransformer(scaled) | linear_model.LinearRegression()
    of_a_lambda = compose.FuncTransformer(lambda x: scaled(dict(x))) | linear_model.LinearRegression()
    made = {
        "dill-function": dill.dumps(pipeline, protocol=4, recurse=True),
        "dill-class": dill.dumps(Own(), protocol=4, recurse=True),
        "dill-lambda": dill.dumps(of_a_lambda, protocol=4, recurse=True),
        "cloudpickle-function": cloudpickle.dumps(pipeline),
        "cloudpickle-class": cloudpickle.dumps(Own()),
    }  # fmt: skip
    for name, data in made.items():
        (HERE / f"{version}.{name}.pickle").write_bytes(data)


def models() -> None:
    """Write models of this version of River."""
    version = ".".join(river.__version__.split(".")[:2])
    text = feature_extraction.BagOfWords() | naive_bayes.MultinomialNB()
    scaled_linear = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    for name, model in {"text": text, "scaled": scaled_linear}.items():
        (HERE / f"river-{version}.{name}.pickle").write_bytes(pickle.dumps(model))
        for number in range(20):
            x = f"word{number % 3} other" if name == "text" else {"a": float(number % 7), "b": 1.0}
            model.predict_proba_one(x)
            model.learn_one(x, number % 2 == 0)
        (HERE / f"river-{version}.{name}-learned.pickle").write_bytes(pickle.dumps(model))


if __name__ == "__main__":
    models() if sys.argv[1:] else functions()
