"""Quotas: how much of the server somebody may take up."""

import threading
from dataclasses import dataclass

from models_app.domain.errors import QuotaExceeded


class Allowance:
    """The pending predictions of an `owner`, counted in memory: `limit` at the most. Any thread may ask.

    >>> allowance = Allowance("sensor", 2)
    >>> _ = allowance.take(), allowance.take()
    >>> allowance.give_back(), allowance.note(1)
    (None, None)
    >>> allowance.take()
    Traceback (most recent call last):
    ...
    models_app.domain.errors.QuotaExceeded: The token's quota of pending predictions is 2, and it has 2 of
    them: let their ground truths come first.
    """

    __slots__ = ("_kept", "_lock", "_noted", "_under_way", "limit", "owner")

    def __init__(self, owner: str, limit: int) -> None:
        self.owner = owner
        self.limit = limit
        self._kept = self._noted = self._under_way = 0
        self._lock = threading.Lock()

    def take(self) -> "Allowance":
        """Count a prediction that is to be kept, until `give_back`; raises `QuotaExceeded`."""
        with self._lock:
            used = self._kept + self._under_way
            if used >= self.limit:
                raise QuotaExceeded(
                    f"The token's quota of pending predictions is {self.limit}, and it has {used} of them: "
                    "let their ground truths come first."
                )
            self._under_way += 1
        return self

    def give_back(self) -> None:
        """Hear that a prediction is answered; whether it is kept is noted by itself, before."""
        with self._lock:
            self._under_way -= 1

    def note(self, n: int) -> None:
        """Hear that so many more are kept now."""
        with self._lock:
            self._kept = max(0, self._kept + n)
            self._noted += max(0, n)

    def begin_count(self) -> None:
        """Hear that they are being counted where they are kept."""
        with self._lock:
            self._noted = 0

    def end_count(self, n: int) -> None:
        """Take the number that was counted, and what was noted meanwhile: some of it may count twice."""
        with self._lock:
            self._kept = n + self._noted


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How many models somebody may have, of how many bytes together, and predictions that are pending."""

    max_models: int | None = None
    max_bytes: int | None = None
    allowance: Allowance | None = None

    @property
    def are_of_models(self) -> bool:
        """Say whether models have to be counted."""
        return self.max_models is not None or self.max_bytes is not None

    def check_model(self, n_bytes: int, *, n_models: int, n_bytes_of_models: int) -> None:
        """Raise `QuotaExceeded` where one more model is too much for who has so many already.

        >>> Quotas(max_models=2).check_model(10, n_models=1, n_bytes_of_models=0)
        >>> Quotas(max_bytes=20).check_model(11, n_models=1, n_bytes_of_models=10)
        Traceback (most recent call last):
        ...
        models_app.domain.errors.QuotaExceeded: The token's quota of bytes of models is 20: those that it has
        uploaded have 10, and this one has 11.
        """
        if self.max_models is not None and n_models >= self.max_models:
            raise QuotaExceeded(
                f"The token's quota of models is {self.max_models}, and it has uploaded {n_models} that are "
                "there: delete one first, or replace it."
            )
        if self.max_bytes is not None and n_bytes_of_models + n_bytes > self.max_bytes:
            raise QuotaExceeded(
                f"The token's quota of bytes of models is {self.max_bytes}: those that it has uploaded have "
                f"{n_bytes_of_models}, and this one has {n_bytes}."
            )


UNLIMITED = Quotas()
