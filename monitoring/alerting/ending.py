"""What ends the cause of an alert that a detector or a feature contract has opened.

A generation of the model that is over, by an upload, a rollback or a forgetting; another drift plan, or
another contract; or a window of quiet: `ALERT_QUIET_LEARNS` learns after the newest finding of the source. Of
a contract, which tells of a fault once, it is as many records without any.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F, QuerySet

from models_app.models.transactions import translated_errors
from models_app.services.generations import kind_of
from monitoring.alerting import keeping, mutes
from monitoring.clocks import Clock
from monitoring.drift.watches import CONTRACT, KINDS
from monitoring.models import DriftAlert

ANOTHER_PLAN = "another drift plan"
ANOTHER_CONTRACT = "another feature contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """An alert that stands, and how far its model is now: generation and learns."""

    pk: int
    model_id: int
    kind: str
    source: str
    generation: int
    seq: int
    current: int
    learns: int


def quiet(causes: Sequence[Cause], *, seen: Callable[[int], int | None], learns: int) -> dict[int, str]:
    """Return which of the detectors' alerts have ended by quiet, with what has ended them.

    `seen` returns how far the detectors of a model are; None: they have seen all.

    >>> first = Cause(
    ...     pk=1, model_id=7, kind="drift", source="error", generation=1, seq=100, current=1, learns=1_400
    ... )
    >>> quiet([first], seen=lambda _: None, learns=1_000)
    {1: 'quiet for 1,000 learns'}
    >>> quiet([first], seen=lambda _: 900, learns=1_000)
    {}
    """
    newest: dict[tuple[int, str], int] = {}
    for cause in causes:
        key = cause.model_id, cause.source
        newest[key] = max(newest.get(key, 0), cause.seq)
    return {
        cause.pk: f"quiet for {learns:,} learns"
        for cause in causes
        if _so_far(cause, seen) - newest[cause.model_id, cause.source] >= learns
    }


def _so_far(cause: Cause, seen: Callable[[int], int | None]) -> int:
    far = seen(cause.model_id)
    return cause.learns if far is None else min(far, cause.learns)


class Faultless:
    """Counts the records of each model since the last fault in its features. For one thread at a time.

    >>> faultless = Faultless()
    >>> faultless.records(7, (500, 3)), faultless.records(7, (1_500, 3)), faultless.records(7, (1_600, 4))
    (0, 1000, 0)
    """

    def __init__(self) -> None:
        self._since: dict[int, tuple[int, int]] = {}

    def records(self, model_id: int, seen: tuple[int, int]) -> int:
        """Return how many there were; `seen` is the number of records, and of faults."""
        n, n_faults = seen
        begun, known = self._since.get(model_id, (n, n_faults))
        if known != n_faults or begun > n:
            begun = n
        self._since[model_id] = begun, n_faults
        return n - begun

    def keep(self, model_ids: Iterable[int]) -> None:
        """Forget all other models."""
        self._since = {pk: self._since[pk] for pk in model_ids if pk in self._since}


class Ender:
    """Resolves the alerts of detectors and contracts whose cause has ended."""

    def __init__(
        self,
        *,
        detected: Callable[[int], int | None],
        contracts: Callable[[int], tuple[int, int] | None],
        report: Callable[[Sequence[DriftAlert]], None],
        clock: Clock | None = None,
    ) -> None:
        """`detected` and `contracts` say how far a model's detectors and the records seen of it are."""
        self._detected = detected
        self._contracts = contracts
        self._report = report
        self._clock = clock or Clock()
        self._faultless = Faultless()

    def tick(self) -> None:
        """Resolve what has ended; raises `StorageUnavailable`."""
        now = self._clock.moment()
        standing = _standing()
        ended = dict(self._ended(standing))
        if ended and (resolved := keeping.resolve(ended, now=now)):
            self._report(resolved)
        mutes.discard_ended(now=now)

    def _ended(self, standing: Sequence[Cause]) -> Iterator[tuple[int, str]]:
        current = [cause for cause in standing if cause.generation == cause.current]
        yield from _of_another_generation([cause for cause in standing if cause.generation != cause.current])
        detected = [cause for cause in current if cause.kind != CONTRACT]
        learns = settings.ALERT_QUIET_LEARNS
        yield from quiet(detected, seen=self._detected, learns=learns).items()
        faults = [cause for cause in current if cause.kind == CONTRACT]
        self._faultless.keep({cause.model_id for cause in faults})
        for cause in faults:
            seen = self._contracts(cause.model_id)
            if seen is not None and self._faultless.records(cause.model_id, seen) >= learns:
                yield cause.pk, f"{learns:,} records without a fault"


def end_of_plan(model_id: int, *, now: datetime) -> None:
    """Resolve what detectors have found by the plan before; within the transaction that changes it."""
    keeping.resolve_within(_all_of(model_id, KINDS, ANOTHER_PLAN), now=now)


def end_of_contract(model_id: int, *, now: datetime) -> list[DriftAlert]:
    """Resolve the faults by the contract before; raises `StorageUnavailable`."""
    with translated_errors():
        ended = _all_of(model_id, (CONTRACT,), ANOTHER_CONTRACT)
    return keeping.resolve(ended, now=now)


def _all_of(model_id: int, kinds: Iterable[str], cause: str) -> Mapping[int, str]:
    return dict.fromkeys(_open(kinds).filter(model_id=model_id).values_list("pk", flat=True), cause)


def _open(kinds: Iterable[str]) -> QuerySet[DriftAlert]:
    return DriftAlert.objects.unresolved().filter(kind__in=list(kinds))


def _standing() -> list[Cause]:
    rows = _open((*KINDS, CONTRACT)).annotate(current=F("model__generation"), learns=F("model__seq"))
    fields = Cause.__dataclass_fields__
    with translated_errors():
        return [Cause(**row) for row in rows.values(*fields)]


def _of_another_generation(causes: Iterable[Cause]) -> Iterator[tuple[int, str]]:
    for cause in causes:
        kind = kind_of(model_id=cause.model_id, generation=cause.current) or "upload"
        yield cause.pk, f"ended by {'an' if kind == 'upload' else 'a'} {kind}"
