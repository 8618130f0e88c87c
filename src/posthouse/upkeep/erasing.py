"""Finishing the erasure of accounts that were removed: at the start, and when one is announced."""

from collections.abc import Hashable

from posthouse.database.database import Database
from posthouse.database.identifiers import AccountId
from posthouse.store.erasure import ERASURE_TOPIC, accounts_under_erasure, erase_account
from posthouse.upkeep.departing import DepartingFiles


class Erasing:
    """The job."""

    name = "erasing"
    seconds_before = 1.0
    seconds_between = 5.0      # how long an announced erasure waits

    def __init__(self, database: Database, departing: DepartingFiles) -> None:
        self._database = database
        self._departing = departing
        self._may_be_due = True      # until it has been looked: an erasure may have been cut short
        database.listen(self._heard)

    def _heard(self, topics: set[Hashable]) -> None:
        for topic in topics:
            match topic:
                case (str() as name, _) if name == ERASURE_TOPIC:
                    self._may_be_due = True

    async def turn(self) -> None:
        """Erase what is to be erased, in steps between which the mail goes on."""
        while self._may_be_due:
            accounts = await self._database.read_aside(accounts_under_erasure)
            self._may_be_due = bool(accounts)
            for account_id in accounts:
                await self._erase(account_id)

    async def _erase(self, account_id: AccountId) -> None:
        is_complete = False
        while not is_complete:
            erased = await self._database.write(lambda tx: erase_account(tx, account_id))
            self._departing.add(erased.file_names)
            is_complete = erased.is_complete
