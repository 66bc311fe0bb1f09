"""How views run: on the event loop, or in a pool of threads that keep their database connections."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from models_app.api import exceptions
from models_app.api.awaiting import Awaited
from models_app.domain.errors import UploadsBusy
from models_app.domain.failing import described
from models_app.services import predicting

_Handler = Callable[..., Awaitable[HttpResponseBase]]
# What comes here waits for the database; more threads would only wait together. A model, which may be stuck,
# is waited for in the event loop: see `awaiting`.
_N_THREADS = 8
_pool = ThreadPoolExecutor(_N_THREADS, thread_name_prefix="requests")
# Uploads may take long, and are to keep nothing else waiting: beyond these, and as many that wait, they are
# refused.
_N_UPLOADS = 8
_MAX_UPLOADS = 2 * _N_UPLOADS
_upload_pool = ThreadPoolExecutor(_N_UPLOADS, thread_name_prefix="uploads")


class AsyncViewSet(ViewSet):
    """A viewset whose actions are `async def` and take Django's request as it is.

    One object serves a route; it keeps nothing of a request. It does without what DRF does around each
    action (an object of its own, content negotiation, the request's wrapper): that costs more than the rest
    of a prediction. Authentication, permissions and throttles are still asked, in a thread, where any are
    set.
    """

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:  # noqa: D102
        described = super().as_view(actions, **initkwargs)
        view = cls(**initkwargs)
        view._bind(actions)

        @functools.wraps(described)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, HttpResponseBase]:
            return view.dispatch(request, *args, **kwargs)

        # A view that can do without a request says so here.
        run.answer_soon = getattr(view, "answer_soon", None)  # type: ignore[attr-defined]
        return markcoroutinefunction(run)

    async def dispatch(  # type: ignore[override]  # a coroutine: see `as_view`
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Run the action; what it raises goes through the project's exception handler."""
        try:
            if self.is_protected:
                await asyncio.to_thread(self._check_access, request, *args, **kwargs)
            handler = self._handlers.get(str(request.method))
            if handler is None:
                raise MethodNotAllowed(str(request.method))
            return await handler(request, *args, **kwargs)
        except Exception as error:
            return exceptions.handle(error, {"view": self, "request": request})

    async def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """Tell what can be done here."""
        return HttpResponse(headers={"Allow": ", ".join(self.allowed_methods)})

    def _bind(self, actions: dict[str, str]) -> None:
        """Have the methods answered by the actions of those names, HEAD by that of GET."""
        self.action_map = {**({"head": actions["get"]} if "get" in actions else {}), **actions}
        self._handlers: dict[str, _Handler] = {"OPTIONS": self.options}
        for method, action in self.action_map.items():
            # DRF looks at the attributes to tell which methods are allowed.
            setattr(self, method, getattr(self, action))
            self._handlers[method.upper()] = getattr(self, action)
        #: Whether somebody has to be asked before an action runs.
        self.is_protected = bool(
            self.authentication_classes
            or self.throttle_classes
            or any(permission is not AllowAny for permission in self.permission_classes)
        )

    def _check_access(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        # One of its own: DRF keeps the request with the view.
        view = type(self)()
        view.action_map, view.args, view.kwargs = self.action_map, args, kwargs
        wrapped: Request = view.initialize_request(request, *args, **kwargs)
        view.request = wrapped
        view.initial(wrapped, *args, **kwargs)


class ThreadedViewSet(ViewSet):
    """A viewset whose actions are ordinary functions; they run in the pool."""

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:  # noqa: D102
        return threaded(super().as_view(actions, **initkwargs))


def threaded(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., Coroutine[Any, Any, HttpResponseBase]]:
    """Return an ordinary view as one that runs in a pool; what it has to ask a model is awaited outside.

    Django would run all of them in one thread, or in a new one with a new connection each.
    """

    @functools.wraps(view)
    async def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = await _in_pool(view, request, *args, **kwargs)
        if isinstance(response, Awaited):
            return await _in_pool(response.finish, await predicting.answer(response.command))
        return response

    return run


async def _in_pool(view: Callable[..., HttpResponseBase], *args: Any, **kwargs: Any) -> HttpResponseBase:
    # With the request's context: what it logs there is told as its own.
    call = functools.partial(copy_context().run, _call, view, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


class Uploads:
    """The uploads that are under way; for the event loop's thread."""

    def __init__(self, pool: ThreadPoolExecutor, *, at_most: int) -> None:
        self._pool = pool
        self._at_most = at_most
        self._n = 0

    async def run(self, call: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Call in a thread of the pool; raises `UploadsBusy` where too many are under way."""
        if self._n >= self._at_most:
            raise UploadsBusy(f"{self._n} uploads are under way; try again.")
        self._n += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        finally:
            self._n -= 1


uploads = Uploads(_upload_pool, at_most=_MAX_UPLOADS)


def in_upload_threads(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., Coroutine[Any, Any, HttpResponseBase]]:
    """Return a view whose POSTs run in threads of their own; all else as `threaded`."""
    otherwise = threaded(view)

    @functools.wraps(view)
    async def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return await otherwise(request, *args, **kwargs)
        call = functools.partial(copy_context().run, _call, view, request, *args, **kwargs)
        return await uploads.run(call)

    return run


def _call(view: Callable[..., HttpResponseBase], *args: Any, **kwargs: Any) -> HttpResponseBase:
    try:
        response = view(*args, **kwargs)
        if isinstance(response, Response):
            response.render()
    except Exception:
        raise
    except BaseException as error:
        # A model may raise what would end the event loop, where it comes out.
        raise RuntimeError(described(error)) from error
    else:
        return response
    finally:
        # Keeps a connection that works.
        close_old_connections()
