"""Dispatch of views: on the event loop, or in a pool of threads that keep their database connections."""

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

from web import exceptions

_Handler = Callable[..., Awaitable[HttpResponseBase]]
# What comes here waits for the database; more threads would only wait together. What may take longer is
# waited for in the event loop: see `Awaited`.
_N_THREADS = 8
_pool = ThreadPoolExecutor(_N_THREADS, thread_name_prefix="requests")


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
        """Run the action; what it raises goes through the application's exception handler."""
        try:
            if self.is_protected:
                await asyncio.to_thread(self._check_access, request, *args, **kwargs)
            handler = self._handlers.get(str(request.method))
            if handler is None:
                raise MethodNotAllowed(str(request.method))
            return await handler(request, *args, **kwargs)
        except Exception as error:
            return exceptions.answer_to(error, {"view": self, "request": request})

    async def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """Say what can be done here."""
        return HttpResponse(headers={"Allow": ", ".join(self.allowed_methods)})

    def _bind(self, actions: dict[str, str]) -> None:
        """Have the methods answered by the actions of those names, HEAD by that of GET."""
        self.action_map = {**({"head": actions["get"]} if "get" in actions else {}), **actions}
        self._handlers: dict[str, _Handler] = {"OPTIONS": self.options}
        for method, action in self.action_map.items():
            # DRF looks at the attributes to see which methods are allowed.
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


class Awaited(HttpResponse):
    """The return value of a view in a thread where something has to be awaited before there is an answer.

    `ask` is awaited in the event loop, where no thread is held meanwhile; `finish` makes the answer of what
    it returns, in a thread again. What `ask` raises is the answer otherwise.
    """

    def __init__(self, ask: Callable[[], Awaitable[Any]], finish: Callable[[Any], HttpResponse]) -> None:
        super().__init__()
        self.ask = ask
        self.finish = finish


class ThreadedViewSet(ViewSet):
    """A viewset whose actions are ordinary functions; they run in the pool."""

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:  # noqa: D102
        return threaded(super().as_view(actions, **initkwargs))


def threaded(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., Coroutine[Any, Any, HttpResponseBase]]:
    """Return an ordinary view as one that runs in a pool; what it has to wait for is awaited outside.

    Django would run all of them in one thread, or in a new one with a new connection each.
    """

    @functools.wraps(view)
    async def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = await _in_pool(view, request, *args, **kwargs)
        if isinstance(response, Awaited):
            return await _in_pool(response.finish, await response.ask())
        return response

    return run


async def _in_pool(view: Callable[..., HttpResponseBase], *args: Any, **kwargs: Any) -> HttpResponseBase:
    # With the request's context: what it logs there counts as its own.
    call = functools.partial(copy_context().run, call_view, view, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


def call_view(view: Callable[..., HttpResponseBase], *args: Any, **kwargs: Any) -> HttpResponseBase:
    """Return the answer of an ordinary view, in a thread that has the database to itself."""
    try:
        response = view(*args, **kwargs)
        if isinstance(response, Response):
            response.render()
    except Exception:
        raise
    except BaseException as error:
        # It would end the event loop, where it comes out.
        raise RuntimeError(f"a view raised {type(error).__name__}") from error
    else:
        return response
    finally:
        # Keeps a connection that works.
        close_old_connections()
