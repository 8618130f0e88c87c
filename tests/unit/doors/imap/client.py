"""The least IMAP client, with a blocking socket: it reads whole responses, literals in place, and plays transcripts.

A transcript has lines ``C:`` (said) and ``S:`` (heard, literals in place); ``...`` there stands for any octets.
``C: a1 APPEND INBOX {5}`` is followed by ``S: + ...`` and the literal's octets as the next ``C:`` line.
"""

import re
import socket
import struct
import textwrap
from dataclasses import dataclass
from typing import Final

from unit.doors.stage import Client

_LITERAL: Final = re.compile(rb"\{(\d+)\}\r\n\Z")
_LITERAL_WANTED: Final = re.compile(rb"\{(\d+)\+?\}\Z")


@dataclass(frozen=True)
class Answered:
    """What a command was answered: untagged responses without their CRLF, and the tagged one without its tag."""

    untagged: list[bytes]
    tagged: bytes

    @property
    def is_ok(self) -> bool:
        return self.tagged.startswith(b"OK ")

    @property
    def is_no(self) -> bool:
        return self.tagged.startswith(b"NO ")

    @property
    def is_bad(self) -> bool:
        return self.tagged.startswith(b"BAD ")

    @property
    def code(self) -> bytes:
        """The response code of the tagged response, without its brackets; empty when there is none."""
        found = re.match(rb"\w+ \[([^]]*)\]", self.tagged)
        return found[1] if found else b""

    def about(self, word: bytes) -> list[bytes]:
        """The untagged responses of a kind, such as EXISTS, FETCH, LIST, or of a response code, such as UIDNEXT."""
        pattern = re.compile(rb"\* (?:\d+ )?(?:OK \[)?%b\b" % re.escape(word))
        return [response for response in self.untagged if pattern.match(response)]


class ImapClient(Client):
    """A peer that has connected, and has not read the greeting yet."""

    tags = 0

    def response(self) -> bytes:
        """The next response, its literals in place, without the final CRLF. Raises EOFError at the end."""
        whole = b""
        while True:
            whole += self._line()
            announced = _LITERAL.search(whole)
            if announced is None:
                return whole[:-2]
            whole += self.read(int(announced[1]))

    def _line(self) -> bytes:
        while b"\r\n" not in self.unread:
            octets = self.socket.recv(65_536)
            if not octets:
                raise EOFError(self.unread)
            self.unread += octets
        end = self.unread.index(b"\r\n") + 2
        line, self.unread = self.unread[:end], self.unread[end:]
        return line

    def leave(self) -> None:
        """Be gone at once, with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def begin(self, command: str | bytes) -> bytes:
        """Say a command's line, or the first of them; its tag."""
        self.tags += 1
        tag = b"t%d" % self.tags
        self.send(tag + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n")
        return tag

    def finish(self, tag: bytes) -> Answered:
        """Hear everything up to a tagged response."""
        untagged = []
        while not (response := self.response()).startswith(tag + b" "):
            assert response.startswith(b"* "), response
            untagged.append(response)
        return Answered(untagged, response[len(tag) + 1:])

    def do(self, command: str | bytes, *literals: bytes) -> Answered:
        """One command and its answer. A literal goes behind each line that announces one; the last has nothing behind.

        A command's further lines stand in it, parted by CRLF.
        """
        first, *lines = (command.encode() if isinstance(command, str) else command).split(b"\r\n")
        lines += [b""] * (len(literals) - len(lines))
        tag = self.begin(first)
        announcing = first
        untagged = []
        for literal, line in zip(literals, lines, strict=True):
            if not announcing.endswith(b"+}"):
                while not (response := self.response()).startswith(b"+ "):
                    if response.startswith(tag + b" "):
                        return Answered(untagged, response[len(tag) + 1:])
                    untagged.append(response)
            self.send(literal + line + b"\r\n")
            announcing = line
        answered = self.finish(tag)
        return Answered(untagged + answered.untagged, answered.tagged)

    def append(self, octets: bytes, mailbox: str = "INBOX", arguments: str = "") -> Answered:
        """APPEND with a literal that waits for leave."""
        return self.do(f"APPEND {mailbox} {arguments}{' ' if arguments else ''}{{{len(octets)}}}", octets)

    def fetched(self, message: int, item: str) -> bytes | None:
        """The one value of a FETCH item: what stands behind its name, a literal's octets alone; None for NIL."""
        answered = self.do(f"FETCH {message} ({item})")
        assert answered.is_ok, answered
        label = re.escape(re.sub(r"<(\d+)\.\d+>$", r"<\1>", item.replace(".PEEK", "")).encode())
        value = re.search(rb"^\* %d FETCH \(%b (.*)\)$" % (message, label), answered.untagged[0], re.DOTALL)
        assert value, answered
        literal = re.match(rb"\{(\d+)\}\r\n", value[1])
        if literal:
            octets = value[1][literal.end():]
            assert len(octets) == int(literal[1])
            return octets
        return None if value[1] == b"NIL" else value[1]

    def flags(self, message: int) -> set[bytes]:
        """The flags of a message as they are now: what was to be told is told before."""
        self.do("NOOP")
        found = self.fetched(message, "FLAGS")
        assert found is not None
        return set(found.strip(b"()").split())

    def play(self, transcript: str) -> None:
        """Say and hear what a transcript says."""
        for line in textwrap.dedent(transcript).strip().splitlines():
            kind, text = line[:2], line[3:].encode()
            if kind == "C:":
                self.send(text + b"\r\n")
            else:
                assert kind == "S:", f"no line of a transcript: {line}"
                heard = self.response()
                assert _pattern(text).fullmatch(heard), f"\nheard    {heard!r}\nexpected {text!r}"


def _pattern(text: bytes) -> "re.Pattern[bytes]":
    return re.compile(b".*".join(re.escape(piece) for piece in text.split(b"...")), re.DOTALL)
