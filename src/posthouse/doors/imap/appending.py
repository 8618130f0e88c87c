"""APPEND (RFC 3501 6.3.11): a message that the user puts into a mailbox, kept octet for octet as it came."""

from asyncio import Future, shield
from collections.abc import Callable
from functools import partial

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import Spool, Spooled
from posthouse.database.errors import DatabaseError, SyncFailed
from posthouse.database.transaction import Transaction
from posthouse.delivery.examination import Examined, examine
from posthouse.delivery.rendition import render, sent_date
from posthouse.doors.imap.answers import completion_of, no, ok
from posthouse.doors.imap.conversation import Conversation
from posthouse.doors.imap.flag_names import system_bits
from posthouse.message.dates import ZonedInstant
from posthouse.message.view import View
from posthouse.protocol.imap import codes, commands
from posthouse.protocol.imap.responses import Completion
from posthouse.store.errors import NoSuchDestination
from posthouse.store.keywords import keyword_bits
from posthouse.store.mailboxes import find_mailbox
from posthouse.store.messages import NewMessage, Where, append


class Appending:
    """One APPEND whose message is arriving."""

    __slots__ = ("_command", "_conversation", "_fault", "_spool")

    def __init__(self, conversation: Conversation, command: commands.Append) -> None:
        self._conversation = conversation
        self._command = command
        self._fault: DatabaseError | None = None
        self._spool: Spool = conversation.services.blobs.spool()

    def take(self, chunk: bytes) -> None:
        """Keep the next octets; after a fault they are thrown away."""
        if self._fault is not None:
            return
        try:
            self._spool.write(chunk)
        except DatabaseError as fault:
            self._fault = fault
            self._spool.discard()

    def discard(self) -> None:
        """Let go of what came."""
        self._spool.discard()

    async def finish(self) -> Completion:
        """Place the message; OK once it is on disk."""
        if self._fault is not None:
            return completion_of(self._fault)
        try:
            spooled, examined = await self._bring_to_rest()
        except BaseException:    # the end of the connection too: nothing will name what came
            self._spool.discard()
            raise
        memory = spooled.length if spooled.name is None else 0
        writing = self._conversation.services.database.write(self._operation(spooled, examined), memory)
        if spooled.name is not None:
            writing.add_done_callback(partial(self._written, spooled.name))
        uidvalidity, uid = await shield(writing)    # it is written, or not, whether or not the peer still waits
        return ok("APPEND is done", codes.appenduid(uidvalidity, uid))

    async def _bring_to_rest(self) -> tuple[Spooled, Examined]:
        at_rest = self._spool.finish()
        if isinstance(at_rest, Spooled):
            return at_rest, examine(at_rest.octets)
        spooled = await shield(at_rest)    # one that has not begun must not be cancelled: it removes the file
        return spooled, await self._conversation.services.workers.run(examine, spooled.octets)

    def _written(self, name: str, writing: "Future[tuple[int, int]]") -> None:
        """A file that no row names goes. After a failed sync recovery may find the row, so it stays."""
        error = writing.exception()
        if error is not None and not isinstance(error, SyncFailed):
            self._conversation.services.blobs.remove(name)

    def _operation(self, spooled: Spooled, examined: Examined) -> Callable[[Transaction], tuple[int, int]]:
        command, account_id = self._command, self._conversation.owner.account_id
        now = self._conversation.services.clock.now()
        wire = render(examined.section, examined.root)
        view = View.whole(spooled.length, examined.section.end)
        system, keywords = system_bits(command.flags)
        date = command.internal_date or ZonedInstant(now)
        sent = sent_date(examined.section)

        def operation(tx: Transaction) -> tuple[int, int]:
            mailbox = find_mailbox(tx, account_id, command.mailbox)
            if mailbox is None:
                raise NoSuchDestination(f"there is no mailbox {command.mailbox}")
            bits = system | keyword_bits(tx, account_id, keywords, create=True)
            blob_id = add_blob(tx, spooled, 1)
            message = NewMessage(blob_id, None, view.encode(), view.size_octets, sent or date.at, wire)
            uid = append(tx, Where(account_id, mailbox.mailbox_id), message, date, bits, now)
            return mailbox.uidvalidity, uid

        return operation


def refusal(conversation: Conversation, command: commands.Append, size_octets: int) -> Completion | None:
    """Why a message of that size need not be sent at all, if there is a reason."""
    limit = conversation.services.settings.session.append_octets_max
    if size_octets > limit:
        return no(f"a message of {size_octets:,} octets is over this server's limit of {limit:,}", codes.TOOBIG)
    account_id = conversation.owner.account_id
    if conversation.services.database.read(lambda tx: find_mailbox(tx, account_id, command.mailbox)) is None:
        return no("there is no such mailbox", codes.TRYCREATE)
    return None
