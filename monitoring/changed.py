"""Which models have changed since somebody has last looked."""

from collections.abc import Collection

from models_app.services.finding import Served, find_all, find_changed
from monitoring.clocks import Clock, LastLook


class ChangedModels:
    """Finds the models that learned, were uploaded or were rolled back. For one thread at a time."""

    def __init__(self, clock: Clock) -> None:
        self._last_look = LastLook(clock)

    def look(self, *, also: Collection[int] = ()) -> list[Served]:
        """Return those that have changed since the last look, and those of the primary keys `also`.

        At the first look these are all. Raises `StorageUnavailable`.
        """
        since = self._last_look.again()
        return find_all() if since is None else find_changed(since, also=also)

    def forget(self) -> None:
        """Have the next look be the first."""
        self._last_look.forget()
