"""How much is measured, and where: the one place that knows counts, seconds and folders."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = Path(os.environ.get("BENCH_ROOT", "/var/tmp/posthouse-bench"))
DATA: Final = Path(os.environ.get("BENCH_DATA", ROOT / "data")) / "bench"
"""Queues, mailboxes, databases: all servers write to one file system."""
WORK: Final = ROOT / "bench"
"""Settings of the peers, logs, the load tool and its mail."""

LOOPBACK: Final = "127.0.0.1"
DOMAIN: Final = "bench.example"      # RFC 2606 2
PASSWORD: Final = "loopback-only"


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts and seconds of one run. Every load ends at whichever comes first."""

    rounds: int = 3                  # in each, every server has its turn
    load_seconds: float = 2.0        # one turn of a load
    steady_seconds: float = 3.0      # one turn at an offered rate
    stall_seconds: float = 8.0       # one turn of the longer load: it must outrun the log several times
    load_messages_max: int = 60_000
    accounts: int = 100              # mailboxes that mail is spread over, on both sides
    mailbox_messages: int = 10_000
    body_fetches: int = 300          # of one body each
    bodies: int = 1_000              # in one FETCH
    appends: int = 300               # by one client
    appends_each: int = 100          # by each of ten
    retrieved: int = 1_000           # by POP3
    idle_sessions: int = 300
    counted_messages: int = 400      # over which pages and syncs are counted
    stored_accounts: int = 1_000
    stored_messages: int = 20_000    # `make bench-million`: 1,000,000

    @staticmethod
    def quick() -> "Scale":
        """To see that everything runs; its figures mean nothing."""
        return Scale(
            rounds=1, load_seconds=0.5, steady_seconds=0.5, stall_seconds=1.0, load_messages_max=2_000, accounts=10,
            mailbox_messages=300, body_fetches=20, bodies=100, appends=20, appends_each=5, retrieved=50,
            idle_sessions=20, counted_messages=40, stored_accounts=20, stored_messages=400,
        )  # fmt: skip
