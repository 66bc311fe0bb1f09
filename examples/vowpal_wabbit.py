"""Vowpal Wabbit: a model of another library that learns online. (River's Phishing, 1,250 websites.)

The server needs `vowpal-wabbit-next` for it, as this script does.
"""

from typing import Any

import running
from river import datasets

NAME = "example-vowpal"


class VowpalWabbit:
    """A binary classification. Its workspace is pickled as the bytes that Vowpal Wabbit keeps of it."""

    def __init__(self, *arguments: str) -> None:
        # With its counters, a workspace that was written down goes on as if it had not been.
        self.arguments = [
            *arguments,
            "--loss_function=logistic",
            "--link=logistic",
            "--preserve_performance_counters",
        ]
        self.content: bytes | None = None
        self.workspace: Any = None

    def predict_proba_one(self, x: dict[str, float]) -> dict[bool, float]:
        probability = self._ready().predict_one(self._example(x))
        return {False: 1.0 - probability, True: probability}

    def learn_one(self, x: dict[str, float], y: bool) -> None:
        self._ready().learn_one(self._example(x, "1" if y else "-1"))

    def _ready(self) -> Any:
        import vowpal_wabbit_next

        if self.workspace is None:
            self.workspace = vowpal_wabbit_next.Workspace(self.arguments, model_data=self.content)
        return self.workspace

    def _example(self, x: dict[str, float], label: str = "") -> Any:
        import vowpal_wabbit_next

        features = " ".join(f"{name}:{value}" for name, value in x.items())
        return vowpal_wabbit_next.TextFormatParser(self._ready()).parse_line(f"{label} | {features}")

    def __getstate__(self) -> dict[str, Any]:
        content = self._ready().serialize()
        return {"arguments": self.arguments, "content": content, "workspace": None}


def main() -> None:
    options = running.options(__doc__, limit=1250).parse_args()
    client = running.connect(options.url)

    running.need("vowpal-wabbit-next")
    model = VowpalWabbit("--bit_precision=12")
    client.upload(model, NAME, flavor="binary")

    events = running.delayed(datasets.Phishing().take(options.limit), least=20, most=100)
    served = running.over_http(client, NAME, events, flavor="binary")
    running.report("Phishing", served, running.bare_loop(model, events, flavor="binary"))


if __name__ == "__main__":
    main()
