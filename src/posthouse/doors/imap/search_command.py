"""The SEARCH command (RFC 3501 6.4.4): at once when the listing answers it, else a page at a time."""

from asyncio import sleep

from posthouse.doors.imap.answers import ok
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.doors.imap.message_commands import NO_SUCH_MESSAGE
from posthouse.doors.imap.search_bounds import leaves
from posthouse.doors.imap.search_reading import Found
from posthouse.doors.imap.searching import Breath, Search, Searching, Step
from posthouse.protocol.imap import commands, responses
from posthouse.protocol.imap.flags import Flag
from posthouse.protocol.imap.responses import Completion
from posthouse.protocol.imap.search_keys import HasFlag, InSequence, SearchKey
from posthouse.store.keywords import keyword_bits


def search(conversation: Conversation, command: commands.Search) -> Answer:
    """Say which messages are found. A sequence number that is not there is an error (RFC 3501 9: seq-number)."""
    selected = conversation.mailbox
    if _names_too_many(command.key, len(selected.known)):
        return NO_SUCH_MESSAGE
    disk = conversation.services.blobs.disk
    run = Searching(selected, command.key, command.numbering, _keyword_bits(conversation, command.key), disk).run()
    try:
        step = next(run)
    except StopIteration as end:
        return _end(conversation, end.value)
    return _go_on(conversation, run, step)


async def _go_on(conversation: Conversation, run: Search, step: Step | Breath) -> Completion:
    """Read what the search asks for: in the loop, with the other sessions' turns between two pages, or on a thread."""
    database = conversation.services.database
    while True:
        found: Found = []
        match step:
            case Breath():
                await sleep(0)
            case Step(read, may_block=True):
                found = await database.read_aside(read)
            case Step(read):
                await sleep(0)
                found = database.read(read)
        try:
            step = run.send(found)
        except StopIteration as end:
            return _end(conversation, end.value)


def _end(conversation: Conversation, numbers: list[int]) -> Completion:
    conversation.connection.write(responses.search(numbers))
    return ok("SEARCH is done")


def _names_too_many(key: SearchKey, messages: int) -> bool:
    return any(isinstance(leaf, InSequence) and leaf.messages.exceeds(messages) for leaf in leaves(key))


def _keyword_bits(conversation: Conversation, key: SearchKey) -> dict[Flag, int]:
    """The masks of the keywords that a key names; those that the account does not know are left out."""
    named = {leaf.flag for leaf in leaves(key) if isinstance(leaf, HasFlag) and not leaf.flag.startswith("\\")}
    if not named:
        return {}
    account_id = conversation.owner.account_id
    return conversation.services.database.read(
        lambda tx: {flag: keyword_bits(tx, account_id, (flag,), create=False) for flag in named}
    )
