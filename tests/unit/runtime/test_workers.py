"""Threads with a limit (`runtime.workers`)."""

import asyncio
import threading
from collections.abc import Coroutine

import pytest

from posthouse.runtime.workers import Workers, WorkersBusy


def run(scenario: Coroutine[object, object, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 10))


def test_work_is_done_on_a_thread_of_its_own() -> None:
    async def scenario() -> None:
        workers = Workers("hash", threads=1, waiting_max=0)
        name = await workers.run(lambda: threading.current_thread().name)
        assert name.startswith("hash")
        workers.close()

    run(scenario())


def test_results_and_exceptions_come_back() -> None:
    async def scenario() -> None:
        workers = Workers("work", threads=2, waiting_max=2)
        assert await workers.run(int, "ff", base=16) == 255
        with pytest.raises(ValueError, match="invalid literal"):
            await workers.run(int, "none")
        workers.close()

    run(scenario())


def test_one_too_many_is_refused_at_once() -> None:
    """DESIGN 1.6: every queue has a limit; the peer hears a transient failure."""

    async def scenario() -> None:
        go_on = threading.Event()
        workers = Workers("work", threads=1, waiting_max=1)
        running, waiting = workers.run(go_on.wait, 10), workers.run(int)
        with pytest.raises(WorkersBusy):
            workers.run(int)
        go_on.set()
        assert await running
        assert await waiting == 0
        assert await workers.run(int, "1") == 1
        workers.close()

    run(scenario())


def test_a_place_is_taken_until_the_thread_is_free_whatever_became_of_the_future() -> None:
    """Cancelling forgets the result; the function runs on, so its place is not free yet."""

    async def scenario() -> None:
        go_on, begun = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            go_on.wait(10)

        workers = Workers("work", threads=1, waiting_max=0)
        future = workers.run(work)
        begun.wait(10)
        future.cancel()
        await asyncio.sleep(0)
        with pytest.raises(WorkersBusy):
            workers.run(int)
        go_on.set()
        for _ in range(1_000):
            try:
                assert await workers.run(int, "1") == 1
                break
            except WorkersBusy:
                await asyncio.to_thread(threading.Event().wait, 0.001)
        workers.close()

    run(scenario())


def test_closing_forgets_what_waits_and_lets_the_rest_end() -> None:
    async def scenario() -> None:
        go_on, begun, done = threading.Event(), threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            go_on.wait(10)
            done.set()

        workers = Workers("work", threads=1, waiting_max=1)
        running, waiting = workers.run(work), workers.run(work)
        begun.wait(10)
        closing = asyncio.create_task(asyncio.to_thread(workers.close))
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not done.is_set()
        go_on.set()
        await closing
        assert done.is_set()
        await running

    run(scenario())
