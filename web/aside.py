"""Work that grows with a body: aside, in a thread, where it would hold up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: What is read on the event loop at a time. To decode that much takes some 0.3 ms, to explain what is wrong
#: with it less than 1 ms (2 shared cores); a thread costs 0.1 ms, which is what a small body takes in all.
MAX_BYTES_ON_LOOP = 32 * 1024
#: Records that are asked for, or answered, on the event loop at a time: some 5 µs each.
MAX_RECORDS_ON_LOOP = 128

# They take turns at the interpreter: more of them would only take it more often from the event loop.
_pool = ThreadPoolExecutor(2, thread_name_prefix="reading")


async def run(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what the function returns, called in a thread, within the caller's context."""
    call = partial(copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, call)
