"""Delivery of the outbox: a thread of its own, so that a slow receiver holds up nobody."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import connections

from models_app.domain.errors import StorageUnavailable
from monitoring.models import AlertDelivery
from monitoring.webhook import outbox
from monitoring.webhook.attempts import SECONDS, Attempt, Message, NotDelivered, Target

logger = logging.getLogger(__name__)

# What an attempt that is broken off gets to be written down.
_STOP_SECONDS = 0.5


class Sender:
    """Delivers what is due whenever it is woken; it sleeps until then."""

    def __init__(self, target: Target, *, now: Callable[[], datetime], seconds: float = SECONDS) -> None:
        """`seconds`: how long an attempt may take."""
        self._target = target
        self._now = now
        self._seconds = seconds
        self._lock = threading.Lock()
        self._is_woken = threading.Event()
        self._has_ended = False
        self._attempt: Attempt | None = None
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have what is due delivered; does not wait for it."""
        with self._lock:
            if self._thread is None and not self._has_ended:
                self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
                self._thread.start()
        self._is_woken.set()

    def stop(self) -> None:
        """End, with an attempt that is under way broken off: the next start makes it again."""
        with self._lock:
            self._has_ended = True
            attempt, thread = self._attempt, self._thread
        self._is_woken.set()
        if attempt is not None:
            attempt.break_off("the server stopped")
        if thread is not None:
            thread.join(timeout=_STOP_SECONDS)

    def _run(self) -> None:
        try:
            while not self._has_ended:
                self._is_woken.wait()
                self._is_woken.clear()
                self._deliver_due()
        finally:
            # The connection belongs to this thread; nobody would close it.
            connections.close_all()

    def _deliver_due(self) -> None:
        try:
            while not self._has_ended and (delivery := outbox.claim_next(now=self._now())) is not None:
                self._deliver(delivery)
        except StorageUnavailable as error:
            # The next time that it is woken.
            logger.debug("put off: %s", error)
        except Exception:
            logger.exception("the webhook failed")

    def _deliver(self, delivery: AlertDelivery) -> None:
        message = Message(message_id=delivery.message_id, body=delivery.body.encode())
        attempt = Attempt(self._target, message, seconds=self._seconds)
        with self._lock:
            self._attempt = None if self._has_ended else attempt
        if self._attempt is None:
            outbox.put_back(delivery, now=self._now())
            return
        try:
            attempt.run()
        except NotDelivered as error:
            self._note_failed(delivery, str(error))
        else:
            outbox.note_delivered(delivery, now=self._now())

    def _note_failed(self, delivery: AlertDelivery, reason: str) -> None:
        if self._has_ended:
            outbox.put_back(delivery, now=self._now())
            return
        again_at = outbox.note_failed(delivery, reason=reason, now=self._now())
        if again_at is None:
            logger.error("an alert was not delivered and is given up (%s): %s", delivery.message_id, reason)
        else:
            logger.warning("an alert was not delivered (%s), tried again: %s", delivery.message_id, reason)
