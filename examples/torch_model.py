"""PyTorch: a small network that learns online. (River's Phishing, 1,250 websites.)

The server needs `torch` for it, as this script does. What is pickled is numpy's: the bytes that PyTorch makes
of a tensor are others each time, and the server compares them to see whether a prediction has changed it.
"""

from typing import Any

import running
from river import base, datasets, preprocessing

NAME = "example-torch"


class TorchClassifier(base.Classifier):
    """A binary classification by one hidden layer, with a step of plain gradient descent at each learn."""

    def __init__(self, n_hidden: int, rate: float, seed: int) -> None:
        self.n_hidden = n_hidden
        self.rate = rate
        self.seed = seed
        self.names: list[str] = []
        self.weights: list[Any] = []

    def predict_proba_one(self, x: dict[str, float]) -> dict[bool, float]:
        import torch

        if not self.names:
            return {False: 0.5, True: 0.5}
        with torch.no_grad():
            probability = float(torch.sigmoid(self._logit(x)))
        return {False: 1.0 - probability, True: probability}

    def learn_one(self, x: dict[str, float], y: bool) -> None:
        import torch

        if not self.names:
            self._begin(sorted(x))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(self._logit(x), torch.tensor(float(y)))
        gradients = torch.autograd.grad(loss, self.weights)
        with torch.no_grad():
            for weight, gradient in zip(self.weights, gradients, strict=True):
                weight.sub_(self.rate * gradient)

    def _begin(self, names: list[str]) -> None:
        import torch

        # Not the generator that all of the process shares.
        draw = torch.Generator().manual_seed(self.seed)
        shapes = [(self.n_hidden, len(names)), (self.n_hidden,), (self.n_hidden,), ()]
        self.names = names
        self.weights = [(torch.randn(shape, generator=draw) * 0.3).requires_grad_() for shape in shapes]

    def _logit(self, x: dict[str, float]) -> Any:
        import torch

        into, bias, out, last = self.weights
        row = torch.tensor([float(x.get(name, 0.0)) for name in self.names])
        return torch.relu(into @ row + bias) @ out + last

    def __getstate__(self) -> dict[str, Any]:
        # Copies: an array of a tensor's is the tensor's own memory.
        return {**self.__dict__, "weights": [weight.detach().numpy().copy() for weight in self.weights]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        import torch

        weights = [torch.tensor(weight).requires_grad_() for weight in state["weights"]]
        self.__dict__.update(state, weights=weights)


def main() -> None:
    options = running.options(__doc__, limit=1250).parse_args()
    client = running.connect(options.url)

    running.need("torch")
    model = preprocessing.StandardScaler() | TorchClassifier(n_hidden=8, rate=0.05, seed=1)
    client.upload(model, NAME, flavor="binary")

    events = running.delayed(datasets.Phishing().take(options.limit), least=20, most=100)
    served = running.over_http(client, NAME, events, flavor="binary")
    running.report("Phishing", served, running.bare_loop(model, events, flavor="binary"))


if __name__ == "__main__":
    main()
