"""The law of a POP3 session: which command and which answer is legal when, and what follows (RFC 1939 3 to 6).

A missing pair of COMMANDS is the peer's mistake and gets -ERR; a missing pair of ANSWERS is our own bug.
"""

from enum import Enum, auto
from typing import Final

from posthouse.protocol.pop3.answers import (
    Answer,
    LoginAccepted,
    LoginRefused,
    MailboxFailed,
    MailboxUpdated,
    MessageFollows,
    MessageRefused,
)
from posthouse.protocol.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    Dele,
    List,
    ListAll,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    UidlAll,
    User,
)


class Phase(Enum):
    """Where a session stands."""

    AUTHORIZATION = auto()    # greeted; the peer has not said who it is
    NAMED = auto()    # USER said: PASS may follow
    EXCHANGING = auto()    # AUTH said: the next line is a response; it leads to JUDGING or back to AUTHORIZATION
    JUDGING = auto()    # credentials given: the login is awaited
    UPGRADING = auto()    # +OK to STLS said: octets are held back until TLS is up
    TRANSACTION = auto()    # logged in
    FETCHING = auto()    # RETR or TOP asked: the message is awaited
    SENDING = auto()    # a multi-line response is on its way; its last octet leads back to TRANSACTION
    UPDATE = auto()    # QUIT said after the login: the deletions are awaited
    CLOSED = auto()    # the last word is said


WAITING: Final = frozenset(
    {Phase.JUDGING, Phase.UPGRADING, Phase.FETCHING, Phase.SENDING, Phase.UPDATE, Phase.CLOSED}
)
"""The phases in which no further command is read: pipelined ones wait (RFC 2449 6.6)."""

COMMANDS: Final[dict[tuple[Phase, type[Command]], Phase]] = {
    (Phase.AUTHORIZATION, Capa): Phase.AUTHORIZATION,    # RFC 2449 5: in both states
    (Phase.AUTHORIZATION, User): Phase.NAMED,
    (Phase.AUTHORIZATION, Auth): Phase.EXCHANGING,    # RFC 5034 4
    (Phase.AUTHORIZATION, Apop): Phase.AUTHORIZATION,    # known, and refused by name
    (Phase.AUTHORIZATION, Stls): Phase.UPGRADING,    # RFC 2595 4: in this state only
    (Phase.AUTHORIZATION, Quit): Phase.CLOSED,    # RFC 1939 4: without UPDATE
    (Phase.NAMED, Capa): Phase.NAMED,
    (Phase.NAMED, User): Phase.NAMED,    # a better name
    (Phase.NAMED, Pass): Phase.JUDGING,    # RFC 1939 7: only after USER
    (Phase.NAMED, Auth): Phase.EXCHANGING,
    (Phase.NAMED, Apop): Phase.AUTHORIZATION,
    (Phase.NAMED, Stls): Phase.UPGRADING,
    (Phase.NAMED, Quit): Phase.CLOSED,
    (Phase.TRANSACTION, Capa): Phase.TRANSACTION,
    (Phase.TRANSACTION, Stat): Phase.TRANSACTION,
    (Phase.TRANSACTION, List): Phase.TRANSACTION,
    (Phase.TRANSACTION, ListAll): Phase.SENDING,
    (Phase.TRANSACTION, Uidl): Phase.TRANSACTION,
    (Phase.TRANSACTION, UidlAll): Phase.SENDING,
    (Phase.TRANSACTION, Dele): Phase.TRANSACTION,
    (Phase.TRANSACTION, Noop): Phase.TRANSACTION,
    (Phase.TRANSACTION, Rset): Phase.TRANSACTION,
    (Phase.TRANSACTION, Retr): Phase.FETCHING,
    (Phase.TRANSACTION, Top): Phase.FETCHING,
    (Phase.TRANSACTION, Quit): Phase.UPDATE,
}

ANSWERS: Final[dict[tuple[Phase, type[Answer]], Phase]] = {
    (Phase.JUDGING, LoginAccepted): Phase.TRANSACTION,
    (Phase.JUDGING, LoginRefused): Phase.AUTHORIZATION,
    (Phase.FETCHING, MessageFollows): Phase.SENDING,
    (Phase.FETCHING, MessageRefused): Phase.TRANSACTION,
    (Phase.UPDATE, MailboxUpdated): Phase.CLOSED,
    (Phase.UPDATE, MailboxFailed): Phase.CLOSED,    # RFC 1939 6: some messages stay; the connection ends all the same
}
