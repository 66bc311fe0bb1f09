"""The ASGI application: who observes, the guard, then the API's lean handler or Django's."""

import os
from collections.abc import Awaitable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chantilly_project.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from access.knowledge import knowledge  # noqa: E402
from chantilly_project.requests import ModelLine, ModelRequest  # noqa: E402
from models_app.api.handler import ApiHandler  # noqa: E402
from models_app.api.sockets import StreamConsumer  # noqa: E402
from models_app.engine.tracing import current_trace  # noqa: E402
from models_app.services import runtime  # noqa: E402
from web import tracing  # noqa: E402
from web.access import Gate  # noqa: E402
from web.asgi import Scope, Send  # noqa: E402
from web.guard import Guard  # noqa: E402
from web.json_logs import RequestLog  # noqa: E402
from web.lifespan import Lifespan  # noqa: E402
from web.observing import Observed  # noqa: E402
from web.rates import Rates  # noqa: E402
from web.refusals import Refusal  # noqa: E402
from web.routes import SOCKET, limits_of_settings  # noqa: E402

gate: Gate | None = None
if settings.AUTH_REQUIRED or settings.RATE_LIMITS:
    # Tokens may have rates of their own.
    gate = Gate(
        knowledge if settings.AUTH_REQUIRED else None,
        log_in=settings.LOGIN_URL,
        rates=Rates(limits_of_settings()),
    )
api = ApiHandler(gate)
pages = ASGIHandler()
stream = StreamConsumer.as_asgi()
if gate is not None:
    stream = gate.around(stream, StreamConsumer.need, SOCKET)
lifespan = Lifespan(runtime)
# Whoever probes a process asks it by address, whatever names its clients use.
_PROBES = {"/healthz", "/healthz/", "/readyz", "/readyz/"}
# Beside what is below `/api/`; none of these needs a session.
_LEAN = {"/api", "/metrics", *_PROBES}


def route(scope: Scope, receive: Any, send: Send) -> Awaitable[None]:
    """Hand a connection to the part that serves it."""
    kind = scope["type"]
    if kind == "http":
        path = scope["path"]
        is_api = path.startswith("/api/") or path in _LEAN
        return api(scope, receive, send) if is_api else pages(scope, receive, send)
    if kind == "lifespan":
        return lifespan(scope, receive, send)
    if scope["path"].rstrip("/") == SOCKET:
        opened: Awaitable[None] = stream(scope, receive, send)
        return opened
    return Refusal(404, "not_found", "There is no WebSocket at this address.").send(scope, send)


# What is around it looks for it there.
route.short_way = api.short_way  # type: ignore[attr-defined]
guarded = Guard(
    route,
    allowed_hosts=settings.ALLOWED_HOSTS,
    trusted_origins=settings.CSRF_TRUSTED_ORIGINS,
    trusts_forwarded_host=settings.USE_X_FORWARDED_HOST,
    probes=_PROBES,
)
_tracing = tracing.start(os.environ)
_observers = [
    *((_tracing,) if _tracing is not None else ()),
    # Afterwards: a trace's id is logged, too.
    *((RequestLog(ModelLine),) if settings.LOG_FORMAT == "JSON" else ()),
]
application: Guard | Observed = guarded
if _observers:
    application = Observed(guarded, _observers, make=ModelRequest, current=current_trace, sockets=[SOCKET])
