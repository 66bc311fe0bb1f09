"""People who have logged in, as principals."""

import asyncio
import threading
import time
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractUser
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from access.groups import SCOPES_BY_GROUP
from access.principals import Principal
from models_app.domain.scopes import SCOPES

#: A principal of this kind has a session.
USER = "user"
# A page asks several times at once.
_SECONDS = 1.0
_MAX_KNOWN = 1024


class Sessions:
    """Who has logged in, by their sessions; each is looked up once a second at the most."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Principal | None]] = {}
        #: The sessions of principals that somebody goes on with.
        self._keys: WeakKeyDictionary[Principal, str] = WeakKeyDictionary()
        self._lock = threading.Lock()

    async def find(self, cookies: bytes) -> Principal | None:
        """Return who has logged in, by the header `Cookie`."""
        key = parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
        if not key:
            return None
        until, principal = self._known.get(key, (0.0, None))
        if time.monotonic() >= until:
            principal = await asyncio.to_thread(load, key)
            self._remember(key, principal)
        return principal

    def refresh(self) -> None:
        """Have principals end whose session has ended, or whose rights have changed."""
        with self._lock:
            gone_on_with = list(self._keys.items())
        for principal, key in gone_on_with:
            now = load(key)
            if now is None or now.scopes != principal.scopes:
                principal.end()
        with self._lock:
            at = time.monotonic()
            self._known = {key: known for key, known in self._known.items() if known[0] > at}

    def _remember(self, key: str, principal: Principal | None) -> None:
        with self._lock:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[key] = (time.monotonic() + _SECONDS, principal)
            if principal is not None:
                self._keys[principal] = key


def load(key: str) -> Principal | None:
    """Return whose session has that key; for a thread, since it asks the database."""
    request: Any = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    try:
        return of_user(get_user(request))
    finally:
        close_old_connections()


def of_user(user: Any) -> Principal | None:
    """Return a person as a principal; None: they may do nothing, or nobody knows them."""
    if not isinstance(user, AbstractUser) or not user.is_active:
        return None
    if user.is_superuser:
        return Principal(user.get_username(), scopes=SCOPES, kind=USER)
    names = user.groups.values_list("name", flat=True)
    scopes = frozenset().union(*(SCOPES_BY_GROUP.get(name, frozenset()) for name in names))
    return Principal(user.get_username(), scopes=scopes, kind=USER)
