"""A mail program's side of one session: its end of the wire, and what it knows of its mailbox from what it was told.

It takes every untagged response at its word and complains where the RFC forbids it: a number that is not there, a
mailbox that shrinks without an EXPUNGE, an EXPUNGE while numbers are in use, a UID that changes.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from posthouse.doors.connection import Connection
from posthouse.runtime.peers import Peer
from simulation.imap.model import RECENT, Mailbox, Place

AT_HOME = Peer("127.0.0.1", 1)
_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
_RESPONSE = re.compile(rb"\* (\d+) (EXISTS|RECENT|EXPUNGE|FETCH)(?: \((.*)\))?", re.DOTALL)
_TEXT = re.compile(rb"number (\d+)\r\n")


class Wire(asyncio.Transport):
    """A transport between two objects: what is written stays until it is taken; reading can stall."""

    def __init__(self, connection: Connection) -> None:
        super().__init__({"peername": (AT_HOME.ip, AT_HOME.port)})
        self.connection = connection
        self.written = bytearray()
        self.is_stalled = False
        self.is_closed = False

    def write(self, octets: bytes) -> None:    # type: ignore[override]
        assert not self.is_closed
        self.written += octets

    def stall(self) -> None:
        """The peer stops reading: from now on the connection is congested."""
        if not self.is_stalled:
            self.is_stalled = True
            self.connection.pause_writing()

    def go_on(self) -> None:
        if self.is_stalled:
            self.is_stalled = False
            self.connection.resume_writing()

    def pause_reading(self) -> None:
        """Nothing is read here that is not given."""

    def resume_reading(self) -> None:
        """As above."""

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """It closes soon."""

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True


@dataclass(eq=False)
class Entry:
    """What the peer knows of the message at one sequence number."""

    uid: int | None = None
    flags: frozenset[str] | None = None


@dataclass
class Given:
    """A command that was given and not yet answered."""

    tag: bytes
    text: str
    effect: Callable
    may_hear_expunge: bool = True
    must_hear_uid: bool = False
    texts_wanted: set[int] = field(default_factory=set)    # sequence numbers whose text must come, each once
    believed: list[tuple[Entry, frozenset[str] | None]] = field(default_factory=list)    # by STORE.SILENT; and before
    leaves: bool = False                                   # its mailbox, or goes to another one


class PeerComplains(AssertionError):
    """The server told a peer what it must not."""


class ImapPeer:
    """One session and its peer."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.wire = Wire(connection)
        self.connection = connection
        self.name = name
        self.place = Place()
        self.view: list[Entry] = []
        self.given: Given | None = None
        self.is_idling = False
        self.untagged: list[bytes] = []
        self.told: set[Entry] = set()    # whose flags the command in progress has told
        connection.connection_made(self.wire)

    def say(self, octets: bytes) -> None:
        self.connection.data_received(octets)

    def complain(self, why: str, response: bytes) -> None:
        raise PeerComplains(f"{self.name}: {why}: {response!r} while {self.given.text if self.given else 'nothing'}")

    # ---- hearing -----------------------------------------------------------------------------------------------------

    def hear(self) -> list[bytes]:
        """Take what has come: untagged responses change what is known; the others are returned."""
        others = []
        for response in self._responses():
            if response.startswith(b"* "):
                self.untagged.append(response)
                self._learn(response)
            else:
                others.append(response)
        return others

    def _responses(self) -> list[bytes]:
        found, whole = [], b""
        rest = bytes(self.wire.written)
        self.wire.written.clear()
        while rest:
            line, end, rest = rest.partition(b"\r\n")
            assert end, f"half a line: {line!r}"
            whole += line + end
            announced = _LITERAL.search(whole)
            if announced:
                length = int(announced[1])
                assert len(rest) >= length
                whole, rest = whole + rest[:length], rest[length:]
            else:
                found.append(whole[:-2])
                whole = b""
        assert not whole
        return found

    def _learn(self, response: bytes) -> None:
        found = _RESPONSE.fullmatch(response)
        if found is None:
            return
        number, kind = int(found[1]), found[2]
        if kind == b"EXISTS":
            if self.given is not None and self.given.leaves:    # SELECT: another mailbox
                self.view = []
            if number < len(self.view):
                self.complain("the mailbox shrank", response)
            self.view.extend(Entry() for _ in range(number - len(self.view)))
        elif number > len(self.view):
            self.complain("there is no such message", response)
        elif kind == b"EXPUNGE":
            if not self.is_idling and (self.given is None or not self.given.may_hear_expunge):
                self.complain("numbers are in use", response)
            del self.view[number - 1]
        elif kind == b"FETCH":
            self._learn_message(number, found[3], response)

    def _learn_message(self, number: int, items: bytes, response: bytes) -> None:
        entry = self.view[number - 1]
        uid = re.search(rb"UID (\d+)", items)
        if uid and entry.uid not in (None, int(uid[1])):
            self.complain("the UID is another", response)
        if uid:
            entry.uid = int(uid[1])
        elif self.given is not None and self.given.must_hear_uid:
            self.complain("a UID command needs UIDs", response)
        flags = re.search(rb"FLAGS \(([^)]*)\)", items)
        if flags:
            entry.flags = frozenset(flags[1].decode().split()) - {RECENT}
            self.told.add(entry)
        if b"BODY[" in items:
            self._learn_text(number, entry, items, response)

    def _learn_text(self, number: int, entry: Entry, items: bytes, response: bytes) -> None:
        text = _TEXT.search(items)
        mailbox = self.place.mailbox
        if self.given is None or number not in self.given.texts_wanted:
            self.complain("nobody asked for it, or it came before", response)
        elif text is None or (entry.uid and mailbox and mailbox.texts[entry.uid] != int(text[1])):
            self.complain("the text is another", response)
        else:
            self.given.texts_wanted.discard(number)

    def doubt(self, given: Given) -> None:
        """A STORE.SILENT has failed: what was believed is not so."""
        for entry, flags in given.believed:
            if entry not in self.told:
                entry.flags = flags

    # ---- what it must know -------------------------------------------------------------------------------------------

    def require_known(self, mailbox: Mailbox, *, expunges_are_told: bool) -> None:
        """Compare what was told with what is so; UIDs that were not told are learnt here, for numbers name them."""
        if mailbox.is_deleted:
            return
        standing = list(mailbox.messages)
        view = [entry for entry in self.view if entry.uid is None or entry.uid in mailbox.messages]
        if expunges_are_told and len(view) < len(self.view):
            raise PeerComplains(f"{self.name} was not told that messages are gone: {self.view}, {standing}")
        if len(view) != len(standing):
            raise PeerComplains(f"{self.name} was told of {len(view)} messages that stand, not of {len(standing)}")
        for entry, uid in zip(view, standing, strict=True):
            if entry.uid not in (None, uid):
                raise PeerComplains(f"{self.name} has {entry} where UID {uid} stands")
            entry.uid = uid
            if entry.flags is not None and entry.flags != mailbox.messages[uid].flags:
                raise PeerComplains(f"{self.name} believes in {entry}, but it is {mailbox.messages[uid]}")
