"""The contracts that the engine of this process holds models to, as the database has them."""

import logging
import threading
import time

from django.conf import settings
from django.db import connections

from models_app.domain import contract_schemas
from models_app.domain.contracts import Contract
from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.engine.contracts import Contracts
from models_app.engine.repeats import Repeats
from models_app.models import FeatureContract
from models_app.models.transactions import translated_errors

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

#: What another process has changed holds after that long.
POLL_SECONDS = 0.4

_Row = tuple[int, int, bool | None, bool, contract_schemas.Schema | None]


class Standing(Contracts):
    """Reads the contracts when the first is looked up; keeps them up to date as long as a server runs."""

    __slots__ = ("_ends", "_frozen", "_is_read", "_lock", "_read", "_revision", "_thread")

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[int, Contract] = {}
        self._frozen: dict[int, tuple[int, Contract]] = {}
        self._is_read = False
        self._revision: int | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ends = threading.Event()

    def of(self, model_id: int) -> Contract | None:
        """Return the contract that a model is held to, for a thread that may ask the database."""
        if not self._is_read:
            self.look()
        return super().of(model_id)

    def frozen(self, model_id: int) -> tuple[int, Contract | None]:
        """Return the contract of a model that was frozen, with its revision; 0 and None: there is none."""
        if not self._is_read:
            self.look()
        return self._frozen.get(model_id, (0, None))

    def start(self) -> None:
        """Follow what other processes change; once is enough."""
        if self._thread is None:
            self._ends = threading.Event()
            self._thread = threading.Thread(
                target=self._follow, args=[self._ends], name="contracts", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Have the thread end."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ends.set()
            thread.join(timeout=1.0)

    def look(self) -> None:
        """Take in what has changed; what is known stays where the database cannot be read."""
        try:
            self.refresh()
        except ChantillyError as error:
            repeated.warning(str(error), "the feature contracts cannot be read: %s", error)

    def refresh(self) -> None:
        """Take in what has changed; raises `StorageUnavailable`."""
        with self._lock, translated_errors():
            rows = FeatureContract.objects.order_by("revision")
            newest = rows.values_list("revision", flat=True).last()
            self._is_read = True
            if newest == self._revision:
                return
            if newest is None or newest < (self._revision or 0):
                # Erased, or deleted with its model.
                self._read, self._frozen, self._revision = {}, {}, None
            changed = rows.filter(revision__gt=self._revision or 0)
            for row in changed.values_list("model_id", "revision", "is_strict", "is_frozen", "schema"):
                self._take(row)
            self.replace(dict(self._read))

    def _take(self, row: _Row) -> None:
        model_id, self._revision, is_strict, is_frozen, schema = row
        self._read.pop(model_id, None)
        self._frozen.pop(model_id, None)
        if schema is None or not (is_frozen or held_to(is_strict)):
            return
        try:
            contract = contract_schemas.read(schema)
        except InvalidRequest as error:
            logger.error("the feature contract of model %d cannot be read: %s", model_id, error)
            return
        if held_to(is_strict):
            self._read[model_id] = contract
        if is_frozen:
            self._frozen[model_id] = self._revision, contract

    def _follow(self, ends: threading.Event) -> None:
        while not ends.wait(POLL_SECONDS):
            self.look()
        connections.close_all()


def held_to(is_strict: bool | None) -> bool:
    """Say whether a model with that switch is held to its contract."""
    strict: bool = settings.STRICT_FEATURES if is_strict is None else is_strict
    return strict


def next_revision() -> int:
    """Return a revision newer than all, also than those that were deleted; within a write transaction."""
    newest = FeatureContract.objects.order_by("-revision").values_list("revision", flat=True).first()
    return max(newest or 0, time.time_ns() // 1_000) + 1


#: Those of this process.
standing = Standing()
