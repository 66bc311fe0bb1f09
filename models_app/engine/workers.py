"""The engine's threads: whoever rested last is woken first."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from models_app.engine.queues import ModelQueue
from models_app.engine.staffing import Staffing

logger = logging.getLogger(__name__)

# Of address space; memory is taken as it is used.
_STACK_BYTES = 64 << 20


class Workers:
    """A pool of threads that serve queues, and settle what they have served before they rest.

    Against a queue of the standard library's: one item wakes one thread, and the same one while one is
    enough. While one that was woken has not begun yet, no other is: it may be quick enough for all. When it
    begins and leaves something behind, to serve or to settle, it wakes the next first, so that nothing ever
    waits behind a slow model while a thread is free. When none is free for a moment, there will be more.
    """

    def __init__(
        self,
        *,
        serve: Callable[[ModelQueue], None],
        settle: Callable[[], bool],
        leave: Callable[[], None],
        alarm: Callable[[], None] = lambda: None,
    ) -> None:
        """`serve` is called with each queue.

        `settle` finishes what was served, and says whether there was anything; `leave` is called in each
        thread after its last work; `alarm` when something waits and no thread is free: then `staff` is to be
        called soon.
        """
        self._serve = serve
        self._settle = settle
        self._leave = leave
        self._alarm = alarm
        self._is_short = False
        self._n_begun = 0
        self._n_threads = 0
        self._staffing = Staffing()
        self._lock = threading.Lock()
        self._waiting: deque[ModelQueue] = deque()
        self._resting: list[_Worker] = []
        self._is_waking = False
        self._is_unsettled = False
        self._n_started = 0
        self._workers: list[_Worker] = []
        self._has_ended = False

    @property
    def are_alive(self) -> bool:
        """Say whether every thread lives."""
        return all(worker.thread.is_alive() for worker in self._workers.copy())

    def start(self, n_threads: int) -> None:
        """Start the threads."""
        self._n_threads = n_threads
        with self._lock:
            for _ in range(n_threads):
                self._start_one()

    def serving(self) -> list[tuple[ModelQueue, int | None]]:
        """Return which queues are being served, each with the number of the thread that does."""
        return [
            (queue, worker.thread.ident)
            for worker in self._workers.copy()
            if (queue := worker.serving) is not None
        ]

    def staff(self, now: float, *, n_lost: int) -> bool:
        """Have as many threads as it takes; say whether to look again in a moment.

        To be called now and then, and after an alarm. `now` is on the clock of `time.perf_counter`. For each
        of the `n_lost` threads that have not come back for a while there is another; when they are back and
        rest, the surplus ends.
        """
        with self._lock:
            if self._has_ended:
                return False
            n_waiting = 0 if self._resting or self._is_waking else len(self._waiting)
            n_more = self._staffing.change(
                now,
                n_waiting=n_waiting,
                n_begun=self._n_begun,
                n_resting=len(self._resting),
                n_surplus=len(self._workers) - n_lost - self._n_threads,
            )
            for _ in range(n_more):
                self._start_one()
            for _ in range(-n_more):
                self._dismiss_one()
            self._is_short = n_waiting > 0
            return self._is_short

    def _dismiss_one(self) -> None:
        # Who has rested longest.
        worker = self._resting.pop(0)
        worker.is_dismissed = True
        self._workers.remove(worker)
        worker.wake()

    def _start_one(self) -> None:
        worker = _Worker(self._run, f"engine-{self._n_started}")
        self._n_started += 1
        previous = threading.stack_size(_STACK_BYTES)
        try:
            worker.thread.start()
        finally:
            threading.stack_size(previous)
        self._workers.append(worker)

    def put(self, queue: ModelQueue) -> None:
        """Have a thread serve a queue."""
        with self._lock:
            self._waiting.append(queue)
            self._wake_one()

    def put_again(self, queue: ModelQueue) -> None:
        """Have a queue served again; for one of the threads, which looks itself for what is next."""
        with self._lock:
            self._waiting.append(queue)

    def end(self, deadline: float, *, is_lost: Callable[[ModelQueue], bool] = lambda _: False) -> None:
        """Have the threads end once nothing waits; wait for them until `deadline` (`time.monotonic`).

        Who serves a queue that `is_lost` is not waited for.
        """
        with self._lock:
            self._has_ended = True
            resting, self._resting = self._resting, []
            for worker in resting:
                worker.wake()
        for worker in self._workers.copy():
            if (queue := worker.serving) is None or not is_lost(queue):
                worker.thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def _run(self, worker: "_Worker") -> None:
        try:
            self._work(worker)
        except BaseException:
            logger.exception("%s has died; another thread takes its place", worker.thread.name)
            self._replace(worker)
        finally:
            self._leave()

    def _replace(self, worker: "_Worker") -> None:
        with self._lock:
            if worker.was_woken:
                worker.was_woken = self._is_waking = False
            self._workers.remove(worker)
            # It may have served something.
            self._is_unsettled = True
            self._start_one()

    def _work(self, worker: "_Worker") -> None:
        has_served = False
        while True:
            queue = self._next(worker, has_served)
            has_served = queue is not None
            if queue is not None:
                self._serve(queue)
            elif not self._settle() and not self._rest(worker):
                return

    def _next(self, worker: "_Worker", has_served: bool) -> ModelQueue | None:
        """Return what to serve next; None: settle first.

        Who goes on serving leaves the settling to one that rests or is being woken.
        """
        with self._lock:
            if worker.was_woken:
                worker.was_woken = self._is_waking = False
            self._is_unsettled |= has_served
            has_help = bool(self._resting) or self._is_waking
            if not self._waiting or (self._is_unsettled and not has_help):
                self._is_unsettled = False
                worker.serving = None
                return None
            queue = worker.serving = self._waiting.popleft()
            self._n_begun += 1
            if self._waiting or self._is_unsettled:
                self._wake_one()
            return queue

    def _rest(self, worker: "_Worker") -> bool:
        """Wait for something to do; False: the end."""
        with self._lock:
            if self._waiting:
                return True
            if self._has_ended:
                return False
            self._resting.append(worker)
        worker.rest()
        return not worker.is_dismissed

    def _wake_one(self) -> None:
        if self._resting and not self._is_waking:
            self._is_waking = True
            worker = self._resting.pop()
            worker.was_woken = True
            worker.wake()
        elif not (self._resting or self._is_waking or self._is_short):
            self._is_short = True
            self._alarm()


class _Worker:
    """One thread, which can be put to sleep and woken."""

    def __init__(self, work: "Callable[[_Worker], None]", name: str) -> None:
        self.thread = threading.Thread(target=work, args=(self,), name=name, daemon=True)
        #: To serve something; at the end they are woken to leave.
        self.was_woken = False
        #: Not needed any more.
        self.is_dismissed = False
        self.serving: ModelQueue | None = None
        # Held while there is nothing to wake up for.
        self._sleep = threading.Lock()
        self._sleep.acquire()

    def wake(self) -> None:
        """End its rest."""
        self._sleep.release()

    def rest(self) -> None:
        """Wait to be woken."""
        self._sleep.acquire()
