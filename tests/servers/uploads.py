"""Models for the tests that only a script's __main__ knows."""

from pathlib import Path
from typing import Any

import dill


class Uploads:
    """The models that `main_models` wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def bytes(self, name: str, **attributes: object) -> bytes:
        """Return a model's bytes, with attributes set."""
        if not attributes:
            return (self._folder / f"{name}.dill").read_bytes()
        model = self.load(name)
        vars(model).update(attributes)
        data: bytes = dill.dumps(model, recurse=True)
        return data

    def load(self, name: str) -> Any:
        """Return a model."""
        return dill.loads((self._folder / f"{name}.dill").read_bytes())
