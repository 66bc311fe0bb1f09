"""Uploads run in threads of their own."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from models_app.domain.errors import UploadsBusy
from web.dispatch import call_view, threaded

# Uploads may take long, and are to keep nothing else waiting: beyond these, and as many that wait, they are
# refused.
_N_UPLOADS = 8
_MAX_UPLOADS = 2 * _N_UPLOADS
_pool = ThreadPoolExecutor(_N_UPLOADS, thread_name_prefix="uploads")


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


uploads = Uploads(_pool, at_most=_MAX_UPLOADS)


def in_upload_threads(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., Coroutine[Any, Any, HttpResponseBase]]:
    """Return a view whose POSTs run in threads of their own; all else as `threaded`."""
    otherwise = threaded(view)

    @functools.wraps(view)
    async def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return await otherwise(request, *args, **kwargs)
        call = functools.partial(copy_context().run, call_view, view, request, *args, **kwargs)
        return await uploads.run(call)

    return run
