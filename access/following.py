"""A thread that keeps what is known of tokens up to date, and writes down when they were used."""

import logging
import threading
import time
from datetime import UTC, datetime

from django.db import connections

from access.models import ApiToken
from access.registry import Registry, TokenRow
from access.sessions import Sessions
from access.tokens import valid_tokens
from models_app.domain.errors import ChantillyError
from models_app.engine import allowances
from models_app.engine.repeats import Repeats
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services.quotas import pending_by_owner

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

#: What is revoked is refused after that long.
POLL_SECONDS = 0.4
_POLLS_OF_SESSIONS = 5
_COUNT_SECONDS = 0.9
# Of the time, what counting takes at the most.
_COUNT_SHARE = 0.02
_SECONDS_OF_USE = 60.0


def load() -> list[TokenRow]:
    """Return the tokens that are not revoked; raises `StorageUnavailable`."""
    fields = (
        "pk",
        "name",
        "digest",
        "scopes",
        "patterns",
        "expires_at",
        "rates",
        "max_models",
        "max_bytes",
        "max_pending",
    )
    with translated_errors():
        return [TokenRow(*row) for row in valid_tokens().order_by("pk").values_list(*fields)]


class Follower:
    """Asks the database as long as a server runs."""

    def __init__(self, registry: Registry, sessions: Sessions) -> None:
        self._registry = registry
        self._sessions = sessions
        self._written: dict[int, float] = {}
        self._counted: list[str] = []
        self._count_at = 0.0
        self._thread: threading.Thread | None = None
        self._ends = threading.Event()

    def start(self) -> None:
        """Read the tokens, then follow them; once is enough."""
        if self._thread is None:
            self.look()
            self._ends = threading.Event()
            self._thread = threading.Thread(
                target=self._follow, args=[self._ends], name="tokens", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Have the thread end; does not wait."""
        self._ends.set()
        self._thread = None

    def look(self) -> None:
        """Take in what has changed of tokens; what is known stays where the database cannot be read."""
        try:
            self._registry.refresh()
        except ChantillyError as error:
            repeated.warning(str(error), "the tokens cannot be read: %s", error)
            return
        self._count_pending()

    def _count_pending(self) -> None:
        """Count what tokens with quotas have pending, about once a second; at once where one is new."""
        owners = allowances.owners()
        started = time.monotonic()
        if not owners or (owners == self._counted and started < self._count_at):
            return
        try:
            allowances.renew(pending_by_owner)
        except ChantillyError as error:
            repeated.warning(str(error), "what tokens have pending cannot be counted: %s", error)
            return
        ended = time.monotonic()
        self._counted = owners
        self._count_at = ended + max(_COUNT_SECONDS, (ended - started) / _COUNT_SHARE)

    def write_uses(self) -> None:
        """Write down when tokens were used, of each once a minute; raises `StorageUnavailable`."""
        used = {
            pk: at
            for pk, at in self._registry.uses().items()
            if at >= self._written.get(pk, 0.0) + _SECONDS_OF_USE
        }
        if not used:
            return
        with write_transaction():
            for pk, at in used.items():
                ApiToken.objects.filter(pk=pk).update(last_used_at=datetime.fromtimestamp(at, UTC))
        self._written.update(used)

    def _follow(self, ends: threading.Event) -> None:
        n_polls = 0
        while not ends.wait(POLL_SECONDS):
            n_polls += 1
            self.look()
            try:
                if n_polls % _POLLS_OF_SESSIONS == 0:
                    with translated_errors():
                        self._sessions.refresh()
                    self.write_uses()
            except ChantillyError as error:
                logger.debug("put off: %s", error)
            except Exception:
                # The thread goes on, whatever it is.
                logger.exception("sessions could not be looked at")
        connections.close_all()
