"""`make bench`: every part in turn, then the table. As root, for Postfix and Dovecot will be started by nobody else.

    python -m bench [--quick] [--rounds N] [--stored N] [--part accept|disk|read|idle|stored]... [--json FILE]
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench import dovecot as dovecot_server
from bench import postfix as postfix_server
from bench.accepting import measure_accepting
from bench.disk_cost import measure_disk
from bench.idling import Idlers, measure_idling
from bench.ours import posthouse
from bench.raw_log import raw_log
from bench.reading import Mailboxes, fill, measure_reading
from bench.scale import DATA, WORK, Scale
from bench.smtp_load import LoadTool
from bench.stored import measure_stored
from bench.table import Row, shown, write_json


def _accept(scale: Scale) -> Iterator[Row]:
    tool = LoadTool(scale, scale.accounts)
    with (
        postfix_server.postfix(scale.accounts) as postfix,
        posthouse("ours", scale.accounts) as ours,
        raw_log() as ceiling,
    ):
        yield from measure_accepting(scale, tool, ours, postfix, ceiling)


def _disk(scale: Scale) -> Iterator[Row]:
    with posthouse("ours", scale.accounts) as ours:
        yield from measure_disk(scale, LoadTool(scale, scale.accounts), ours)


def _read(scale: Scale) -> Iterator[Row]:
    with dovecot_server.dovecot() as dovecot, posthouse("ours", 1) as ours:
        servers = (
            Mailboxes("Posthouse", ours.ports["imap"], ours.ports["pop3"], ours.account(0)),
            Mailboxes("Dovecot", dovecot.imap, dovecot.pop3, dovecot.account(0)),
        )
        for server in servers:
            fill(server, scale)
        yield from measure_reading(scale, *servers)


def _idle(scale: Scale) -> Iterator[Row]:
    with dovecot_server.dovecot() as dovecot, posthouse("ours", scale.accounts) as ours:
        yield from measure_idling(
            scale,
            Idlers(ours.group, ours.ports["imap"], ours.ports["imaps"], ours.account),
            Idlers(dovecot.group, dovecot.imap, dovecot.imaps, dovecot.account),
        )


_PARTS: Final[dict[str, Callable[[Scale], Iterator[Row]]]] = {
    "accept": _accept,
    "disk": _disk,
    "read": _read,
    "idle": _idle,
    "stored": measure_stored,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Posthouse beside Postfix and Dovecot, in one run.")
    parser.add_argument("--quick", action="store_true", help="see that everything runs; the figures mean nothing")
    parser.add_argument("--rounds", type=int, help="turns of each server (3)")
    parser.add_argument("--stored", type=int, metavar="N", help="messages stored before the last part (20,000)")
    parser.add_argument("--part", action="append", choices=list(_PARTS), help="only this one; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every sample")
    return parser.parse_args()


def _scale(arguments: argparse.Namespace) -> Scale:
    scale = Scale.quick() if arguments.quick else Scale()
    if arguments.rounds:
        scale = replace(scale, rounds=arguments.rounds)
    if arguments.stored is not None:
        scale = replace(scale, stored_messages=arguments.stored)
    return scale


def _require_peers() -> None:
    """End with what to do when the peers cannot be started here."""
    if os.geteuid() != 0:
        sys.exit("bench: Postfix and Dovecot are started by root alone: run it as root, on a machine for trying out")
    if not postfix_server.is_installed() or not dovecot_server.version():
        sys.exit("bench: the peers are not installed: run bench/install-peers as root")
    if not dovecot_server.version().startswith("2.3."):
        sys.exit(f"bench: the rows are beside Dovecot 2.3, here is {dovecot_server.version()}")


def main() -> None:
    """Run the parts that were asked for and print their table."""
    arguments = _arguments()
    parts = arguments.part or list(_PARTS)
    if set(parts) - {"disk", "stored"}:
        _require_peers()
    for folder in (WORK, DATA):
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    begun, rows = time.monotonic(), []
    for part in parts:
        for row in _PARTS[part](_scale(arguments)):
            rows.append(row)
            print(f"  {time.monotonic() - begun:4.0f} s  {row.work}", file=sys.stderr, flush=True)
    print("\n".join(shown(rows)))
    if arguments.json:
        write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
