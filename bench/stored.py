"""Whether a mail costs the same when much is stored already: an empty store and a full one, the same accounts."""

from collections.abc import Iterator

from bench.ours import posthouse
from bench.scale import Scale
from bench.smtp_load import Load, LoadTool
from bench.table import Row
from bench.turns import take_turns


def measure_stored(scale: Scale) -> Iterator[Row]:
    """Ten sessions, mail to all accounts in turn, beside the same server with nothing stored."""
    tool = LoadTool(scale, scale.stored_accounts)
    with (
        posthouse("stored-none", scale.stored_accounts) as empty,
        posthouse("stored-many", scale.stored_accounts, scale.stored_messages) as full,
    ):
        for server in (empty, full):
            tool.run(server.smtp, Load(10), scale.load_seconds)
        without, having = take_turns(
            scale.rounds,
            lambda: tool.run(empty.smtp, Load(10), scale.load_seconds),
            lambda: tool.run(full.smtp, Load(10), scale.load_seconds),
        )
    what = f"with {scale.stored_messages:,} stored in {scale.stored_accounts:,} mailboxes"
    yield Row(f"accept 4 KB {what}", "a second", [m.rate for m in having], [m.rate for m in without], "none stored")
    yield Row(f"CPU: {what}", "ms a mail", [m.cpu_ms for m in having], [m.cpu_ms for m in without], "none stored")
    yield Row(f"p99 {what}", "ms", [m.p99 for m in having], [m.p99 for m in without], "none stored")
