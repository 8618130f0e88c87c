"""Threads for what would stop the loop: password hashes and long reads. Bounded, with a bounded queue before them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkersBusy(Exception):
    """Every thread is at work and the queue is full: the caller defers (a transient failure of ours)."""


class Workers:
    """A few threads for one kind of work. Made and used on the event loop; what runs must not touch it."""

    __slots__ = ("_executor", "_under_way", "_under_way_max")

    def __init__(self, name: str, *, threads: int, waiting_max: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._under_way = 0
        self._under_way_max = threads + waiting_max

    def run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> asyncio.Future[T]:
        """Run a function on a thread; the future has its result or its exception. Raises WorkersBusy at the limit.

        Cancelling the future forgets the result; a function that has begun runs to its end.
        """
        if self._under_way >= self._under_way_max:
            raise WorkersBusy
        self._under_way += 1
        begun = self._executor.submit(function, *arguments, **named)
        loop = asyncio.get_running_loop()
        begun.add_done_callback(lambda _: self._ended(loop))
        return asyncio.wrap_future(begun, loop=loop)

    def close(self) -> None:
        """Take no more, forget what waits, and wait for what runs."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _ended(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called on the thread: the place is free only when the thread is, whatever became of the future."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._free_a_place)

    def _free_a_place(self) -> None:
        self._under_way -= 1
