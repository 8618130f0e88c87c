"""Nothing acknowledged is lost or doubled when processes die at any moment (DESIGN 1, promise 1).

SIGKILL proves that a process may die: what the kernel has, it keeps. Power cuts are proved in `simulation/`.

    ROUNDS=100 SEED=7 pytest -s tests/campaigns/test_kill.py        (`make kill`)
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from campaigns.load import Ledger, load
from campaigns.survivors import Survivors, judge_queue
from interop.served import SECONDS, Served

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
ACKNOWLEDGED_MIN = 20            # a round, before anybody is killed; fewer and nothing was tried


@pytest.mark.campaign
def test_what_was_acknowledged_is_there_once_whoever_is_killed(tmp_path: Path) -> None:
    """Issue 4, "Nothing lost": load on port 25, submission and APPEND; SIGKILL of the worker or of everything."""
    chance, ledger, survivors = random.Random(SEED), Ledger(), Survivors()
    say(f"seed {SEED}, {ROUNDS} rounds")
    served = Served(tmp_path / "data").__enter__()
    try:
        for number in range(ROUNDS):
            before = len(ledger.kept)
            worker_alone = number % 2 == 1
            with load(served, ledger, chance.getrandbits(32)):
                await_load(ledger, before + ACKNOWLEDGED_MIN)
                time.sleep(chance.uniform(0.0, 1.2))
                if worker_alone:
                    kill_worker(served)
                    await_service(served)
                    time.sleep(chance.uniform(0.0, 1.0))
                kill_everything(served)
            served = Served(tmp_path / "data").__enter__()
            survivors.read_on(served)
            survivors.judge(ledger)
            assert_whole(served)
            acknowledged = len(ledger.kept) - before
            who = "the worker, then everything" if worker_alone else "everything"
            say(f"round {number}: {acknowledged} acknowledged, killed {who}; nothing lost, nothing doubled")
        judge_queue(served, ledger)
    finally:
        served.__exit__()
    say(f"{len(ledger.kept)} acknowledged in all, {len(ledger.queued)} of them queued too")


def await_load(ledger: Ledger, acknowledged: int) -> None:
    """The load is on."""
    end = time.monotonic() + SECONDS
    while len(ledger.kept) < acknowledged:
        assert time.monotonic() < end, "the server hardly acknowledges anything"
        time.sleep(0.02)


def kill_everything(served: Served) -> None:
    """The supervisor and its worker at once, as by the kernel when memory is short."""
    os.killpg(served.process.pid, signal.SIGKILL)
    served.process.wait(SECONDS)
    served.process.stdout.close()
    served.errors.close()


def kill_worker(served: Served) -> None:
    """The one child of the supervisor."""
    (worker,) = workers(served)
    os.kill(worker, signal.SIGKILL)


def workers(served: Served) -> list[int]:
    """The processes below the supervisor."""
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


def await_service(served: Served) -> None:
    """It serves again by itself: a command through its control socket is answered."""
    end = time.monotonic() + SECONDS
    while served.run("domain", "list", "--json").returncode != 0:
        assert time.monotonic() < end, "the supervisor has not brought a worker back"


def assert_whole(served: Served) -> None:
    """`posthouse check` beside the running server."""
    checked = served.run("check")
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()


def say(line: str) -> None:
    """What a long run shows (-s)."""
    sys.stderr.write(f"kill: {line}\n")
