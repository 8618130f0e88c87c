"""`posthouse check`: whether all that is kept is whole. Reads everything and changes nothing.

Runs on one read snapshot, beside a running server too (`database.sqlite.connection.open_for_reading`); a long check
keeps the write-ahead log from beginning anew, so it grows meanwhile.
"""

from collections.abc import Iterator
from typing import Final

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant
from posthouse.runtime.disk import Disk
from posthouse.store.erasure import accounts_under_erasure
from posthouse.upkeep.checks.blobs import check_blobs, check_files, check_uses
from posthouse.upkeep.checks.directory import check_directory
from posthouse.upkeep.checks.inspection import Inspection, Progress
from posthouse.upkeep.checks.mailboxes import check_account
from posthouse.upkeep.checks.messages import check_messages
from posthouse.upkeep.checks.named import NamedMessages
from posthouse.upkeep.checks.queue import check_queue
from posthouse.upkeep.checks.sums import DeliveredCounts, SumsCheck
from posthouse.upkeep.faults import Fault

_COUNTED: Final = {"blob": "blob_id", "message": "message_id", "queue_entry": "queue_id", "decision": "decision_id"}


def check_store(tx: Transaction, disk: Disk, at: Instant, progress: Progress) -> list[Fault]:
    """Compare all that is kept with all that should be; what is found wrong, in the order in which it was found.

    `tx` must show one moment throughout. `at` is now: young files may belong to messages that are just arriving.
    `progress(done, total)` is called often, in rows; the last time with `done == total`. A store is whole when no
    fault is left but those that are harmless (`Fault.is_harmless`).
    """
    inspection = Inspection(tx, disk, at, progress)
    for table, key in _COUNTED.items():
        inspection.expect(inspection.span(table, key))
    accounts = list(_accounts(tx))
    inspection.expect(len(accounts))
    check_directory(inspection)
    largest = tx.row("SELECT coalesce(max(message_id), 0) FROM message")
    named = NamedMessages(largest[0] if largest else 0, accounts_under_erasure(tx))
    for account_id in accounts:
        check_account(inspection, account_id, named)
        inspection.advance(1)
    check_blobs(inspection)
    check_uses(inspection)
    delivered = DeliveredCounts(inspection)
    check_messages(inspection, named, delivered)
    check_queue(inspection)
    SumsCheck(inspection, frozenset(accounts), delivered).check()
    check_files(inspection)
    inspection.finish()
    return inspection.faults


def _accounts(tx: Transaction) -> Iterator[AccountId]:
    """All accounts that have mailboxes."""
    for (account_id,) in tx.rows("SELECT account_id FROM counter WHERE mailbox_id = 0 ORDER BY account_id"):
        yield AccountId(account_id)
