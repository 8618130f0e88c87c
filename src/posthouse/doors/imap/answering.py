"""Which function answers which command: the one table of the IMAP door. STARTTLS, AUTHENTICATE, IDLE and APPEND, which
are more than a question and an answer, are the session's own."""

from collections.abc import Callable
from typing import Any, Final

from posthouse.doors.imap import entering, fetch_command, mailbox_commands, message_commands, search_command, selecting
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.protocol.imap import commands
from posthouse.protocol.imap.commands import Command, Numbering

ANSWERS: Final[dict[type[Command], Callable[[Conversation, Any], Answer]]] = {
    commands.Capability: entering.capability,
    commands.Noop: entering.noop,
    commands.Logout: entering.logout,
    commands.Login: entering.login,
    commands.Select: selecting.select,
    commands.Close: selecting.close,
    commands.Unselect: selecting.unselect,
    commands.Create: mailbox_commands.create,
    commands.Delete: mailbox_commands.delete,
    commands.Rename: mailbox_commands.rename,
    commands.Subscribe: mailbox_commands.subscribe_to,
    commands.Unsubscribe: mailbox_commands.unsubscribe_from,
    commands.List: mailbox_commands.list_names,
    commands.Lsub: mailbox_commands.lsub,
    commands.Status: mailbox_commands.status,
    commands.Namespace: mailbox_commands.namespace,
    commands.Check: message_commands.check,
    commands.Expunge: message_commands.expunge_messages,
    commands.Store: message_commands.store,
    commands.Copy: message_commands.copy_messages,
    commands.Move: message_commands.move_messages,
    commands.Fetch: fetch_command.fetch,
    commands.Search: search_command.search,
}

_SILENT_ON_EXPUNGE: Final = (commands.Fetch, commands.Store, commands.Search)
_NUMBERED: Final = (*_SILENT_ON_EXPUNGE, commands.Copy, commands.Move)


def may_tell_expunge(command: Command) -> bool:
    """Whether EXPUNGE may be said while this command is answered (RFC 3501 7.4.1: not during FETCH, STORE, SEARCH;
    their UID forms are other commands)."""
    return not isinstance(command, _SILENT_ON_EXPUNGE) or command.numbering is Numbering.UID


def is_by_uid(command: Command) -> bool:
    """Whether each FETCH response that comes of this command must tell the UID (RFC 3501 6.4.8)."""
    return isinstance(command, _NUMBERED) and command.numbering is Numbering.UID
