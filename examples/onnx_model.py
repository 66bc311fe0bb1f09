"""ONNX: a model that was trained elsewhere and only predicts. (River's Phishing, 1,250 websites.)

scikit-learn trains it on the first 250 websites. What is uploaded are the bytes of ONNX, to be served
read-only: ground truths are scored, and not learned. The server needs `onnxruntime` for it, and neither
scikit-learn nor what converts its models.
"""

import itertools
from typing import Any

import running
from river import datasets

NAME = "example-onnx"
N_TRAINED = 250


class OnnxClassifier:
    """A binary classification in ONNX. What runs it is made when it is first asked, and is not pickled."""

    def __init__(self, content: bytes, names: list[str]) -> None:
        self.content = content
        self.names = names
        self.session: Any = None

    def predict_proba_one(self, x: dict[str, float]) -> dict[bool, float]:
        import numpy as np
        import onnxruntime

        if self.session is None:
            options = onnxruntime.SessionOptions()
            # One row at a time is no work for several threads.
            options.intra_op_num_threads = 1
            self.session = onnxruntime.InferenceSession(self.content, options, ["CPUExecutionProvider"])
        row = np.array([[x[name] for name in self.names]], dtype=np.float32)
        probability = float(self.session.run(["probabilities"], {"features": row})[0][0][1])
        return {False: 1.0 - probability, True: probability}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "session": None}


def train(records: list[tuple[dict[str, float], bool]]) -> OnnxClassifier:
    """Train a classifier of scikit-learn; return it as ONNX."""
    running.need("skl2onnx", "scikit-learn", "onnxruntime")
    import numpy as np
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.ensemble import RandomForestClassifier

    names = sorted(records[0][0])
    rows = np.array([[x[name] for name in names] for x, _ in records], dtype=np.float32)
    forest = RandomForestClassifier(n_estimators=50, random_state=1).fit(rows, [y for _, y in records])
    converted = to_onnx(
        forest,
        initial_types=[("features", FloatTensorType([None, len(names)]))],
        # Probabilities as an array, in the order of the classes.
        options={"zipmap": False},
    )
    return OnnxClassifier(converted.SerializeToString(), names)


def main() -> None:
    options = running.options(__doc__, limit=1000).parse_args()
    client = running.connect(options.url)

    websites = datasets.Phishing()
    model = train(list(websites.take(N_TRAINED)))
    client.upload(model, NAME, flavor="binary", read_only=True)

    rest = itertools.islice(websites, N_TRAINED, N_TRAINED + options.limit)
    events = running.delayed(rest, least=20, most=100)
    served = running.over_http(client, NAME, events, flavor="binary")
    running.report("Phishing", served, running.bare_loop(model, events, flavor="binary"))


if __name__ == "__main__":
    main()
