"""Promise 7: for each accepted recipient exactly one of: in a mailbox, queued, relayed, notified, discarded.

The day's sums say how many there were, decision records which. Records that were pruned are believed of their days.
"""

from array import array
from collections import Counter
from typing import Final

import msgspec

from posthouse.database.identifiers import AccountId
from posthouse.history.daily import DAY_MICROSECONDS, Sums, total
from posthouse.history.decisions import DecisionRecord
from posthouse.message.address import AddressSyntaxError, parse_address
from posthouse.store.retention import KEPT_MICROSECONDS
from posthouse.upkeep.checks.inspection import Inspection
from posthouse.upkeep.faults import FaultKind

_decode: Final = msgspec.json.Decoder(DecisionRecord).decode
_COUNT_MAX: Final = 0xFFFF


class DeliveredCounts:
    """How many message rows name each of the decisions whose messages cannot have been purged yet."""

    def __init__(self, inspection: Inspection) -> None:
        found = inspection.tx.row(
            "SELECT coalesce(min(decision_id), 1), coalesce(max(decision_id), 0) FROM decision WHERE at >= ?",
            (inspection.at - KEPT_MICROSECONDS,),
        )
        assert found is not None      # an aggregate always has a row
        self._first = found[0]
        self._counts = array("H", bytes(2 * max(0, found[1] - found[0] + 1)))

    def add(self, decision_id: int | None) -> None:
        """Note a message row. None: the user put the message there."""
        if decision_id is not None and 0 <= decision_id - self._first < len(self._counts):
            index = decision_id - self._first
            self._counts[index] = min(self._counts[index] + 1, _COUNT_MAX)

    def of(self, decision_id: int) -> int | None:
        """How many there are; None when that says nothing."""
        index = decision_id - self._first
        return self._counts[index] if 0 <= index < len(self._counts) else None


class SumsCheck:
    """Adds up all decision records, then compares."""

    def __init__(self, inspection: Inspection, standing: frozenset[AccountId], delivered: DeliveredCounts) -> None:
        """`standing`: the accounts that have mailboxes; what others got is gone with them."""
        self._inspection = inspection
        self._standing = standing
        self._delivered = delivered
        self._delivered_by_day: Counter[int] = Counter()
        self._queued_by_day: Counter[int] = Counter()
        self._believed_day = -1      # days up to it: their records may be pruned

    def check(self) -> None:
        """Records against messages, sums against records, the queue against sums."""
        first = True
        for rows in self._inspection.pages(
            "SELECT decision_id, at, body FROM decision WHERE kind = 'accept' AND decision_id > ?"
            " ORDER BY decision_id LIMIT ?"
        ):
            if first and rows[0][0] > 1:
                self._believed_day = rows[0][1] // DAY_MICROSECONDS
            first = False
            for row in rows:
                self._check_decision(*row)
        self._check_days()
        self._check_totals()

    def _check_decision(self, decision_id: int, at: int, body: bytes) -> None:
        try:
            record = _decode(body)
        except msgspec.MsgspecError as error:
            self._report(f"decision {decision_id}", f"its record cannot be read: {error}")
            return
        accounts = {account for recipient in record.recipients for account in recipient.accounts}
        elsewhere = {_identity(address) for recipient in record.recipients for address in recipient.elsewhere}
        self._delivered_by_day[at // DAY_MICROSECONDS] += len(accounts)
        self._queued_by_day[at // DAY_MICROSECONDS] += len(elsewhere)
        kept = self._delivered.of(decision_id)
        standing = sum(account in self._standing for account in accounts)
        if kept is not None and at >= self._inspection.at - KEPT_MICROSECONDS and kept < standing:
            self._report(
                f"decision {decision_id}", f"{standing} accounts accepted a message: {kept} of them have it"
            )
        if kept is not None and kept > len(accounts):
            self._report(f"decision {decision_id}", f"{len(accounts)} accounts accepted a message: {kept} stand there")

    def _check_days(self) -> None:
        rows = self._inspection.tx.rows("SELECT day, delivered, queued FROM daily")
        told = {day: (delivered, queued) for day, delivered, queued in rows}
        for day in sorted(told.keys() | self._delivered_by_day.keys()):
            decided = (self._delivered_by_day[day], self._queued_by_day[day])
            if day > self._believed_day and told.get(day, (0, 0)) != decided:
                delivered, queued = told.get(day, (0, 0))
                self._report(
                    f"day {day}",
                    f"its sums tell {delivered} delivered and {queued} queued,"
                    f" its decisions {decided[0]} and {decided[1]}",
                )

    def _check_totals(self) -> None:
        sums: Sums = total(self._inspection.tx)
        if sums.accepted != sums.delivered + sums.queued:
            self._report(
                "all days",
                f"{sums.accepted} recipients were accepted, {sums.delivered} delivered and {sums.queued} queued",
            )
        row = self._inspection.tx.row("SELECT count(*) FROM queue_recipient")
        waiting = row[0] if row else 0
        left = sums.relayed + sums.notified + sums.discarded
        if waiting + left != sums.queued:
            self._report("all days", f"{sums.queued} recipients were queued: {waiting} wait and {left} have left")

    def _report(self, subject: str, text: str) -> None:
        self._inspection.report(FaultKind.SUMS, subject, text)


def _identity(address: str) -> str:
    """Two addresses elsewhere are one when only their domains' spelling differs (RFC 5321 2.4)."""
    try:
        parsed = parse_address(address)
    except AddressSyntaxError:
        return address
    return f"{parsed.local_part}@{parsed.domain.key}"
