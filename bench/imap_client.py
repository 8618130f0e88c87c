"""An IMAP client that costs next to nothing: it looks at the end of what comes, and at nothing else.

A client that reads line by line takes longer over a listing of 10,000 messages than either server, and would hide what
is measured. Replies are checked after the clock has stopped.
"""

import selectors
import socket
import ssl
import sys
from collections.abc import Sequence
from typing import Final

from bench.loopback import connect
from bench.scale import PASSWORD

_READ_OCTETS: Final = 1 << 20
_LINE_OCTETS_MAX: Final = 512     # of a tagged response


class Imap:
    """One connection. Tags are such as no mail holds at the start of a line."""

    def __init__(self, port: int, encryption: ssl.SSLContext | None = None) -> None:
        plain = connect(port, 120.0)
        self.socket: socket.socket = encryption.wrap_socket(plain) if encryption else plain
        self._number = 0
        self._line()

    def login(self, account: str) -> None:
        self.command(f'LOGIN "{account}" "{PASSWORD}"')

    def command(self, text: str) -> list[bytes]:
        """Everything that comes up to the tagged OK, in the pieces in which it came. Ends the run at NO and BAD."""
        return self._until_tagged(self._send(f"{text}\r\n".encode()))

    def append(self, mailbox: str, octets: bytes) -> None:
        """APPEND with a synchronizing literal, as most programs send it."""
        tag = self._send(b'APPEND "%s" {%d}\r\n' % (mailbox.encode(), len(octets)))
        self._line()
        self.socket.sendall(octets + b"\r\n")
        self._until_tagged(tag)

    def append_all(self, mailbox: str, messages: Sequence[tuple[str, bytes]]) -> None:
        """APPEND several at once, with flags (LITERAL+), and wait for the last."""
        tag = b""
        for flags, octets in messages:
            head = f'APPEND "{mailbox}" ({flags}) {{{len(octets)}+}}'
            tag = self._send(b"%s\r\n%s\r\n" % (head.encode(), octets))
        self._until_tagged(tag)

    def idle(self) -> None:
        """Begin to wait for news, and return once the server waits too."""
        self._send(b"IDLE\r\n")
        self._line()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Imap":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, octets: bytes) -> bytes:
        self._number += 1
        tag = b"qz%d" % self._number
        self.socket.sendall(b"%s %s" % (tag, octets))
        return tag

    def _line(self) -> bytes:
        """What comes up to a line end: a greeting, a continuation."""
        line = b""
        while not line.endswith(b"\r\n"):
            line += self._received()
        return line

    def _until_tagged(self, tag: bytes) -> list[bytes]:
        chunks: list[bytes] = []
        end = b""
        start = b"\r\n" + tag + b" "
        while True:
            chunk = self._received()
            chunks.append(chunk)
            end = (b"\r\n" if len(chunks) == 1 else b"") + end + chunk[-_LINE_OCTETS_MAX:]
            end = end[-_LINE_OCTETS_MAX:]
            at = end.rfind(start)
            if at >= 0 and end.endswith(b"\r\n"):
                break
        if end[at + len(start):at + len(start) + 2].upper() != b"OK":
            sys.exit(f"IMAP: {end[at + 2:].decode('ascii', 'replace').strip()}")
        return chunks

    def _received(self) -> bytes:
        chunk = self.socket.recv(_READ_OCTETS)
        if not chunk:
            sys.exit("IMAP: the server has closed the connection")
        return chunk


def append_side_by_side(clients: Sequence[Imap], mailboxes: Sequence[str], messages: Sequence[Sequence[bytes]]) -> None:
    """Every client appends its own messages, one after another, all clients at once in one thread."""
    with selectors.DefaultSelector() as selector:
        for client, mailbox, own in zip(clients, mailboxes, messages, strict=True):
            appending = _Appending(client.socket, mailbox.encode(), own)
            selector.register(client.socket, selectors.EVENT_READ, appending)
            appending.begin()
        left = len(clients)
        while left:
            for key, _ in selector.select(60.0) or sys.exit("IMAP: APPEND is not answered"):
                if key.data.readable():
                    selector.unregister(key.fileobj)
                    left -= 1


class _Appending:
    """One client's APPENDs: the command, the continuation, the literal, the tagged OK, and the next."""

    def __init__(self, connection: socket.socket, mailbox: bytes, messages: Sequence[bytes]) -> None:
        self._socket = connection
        self._mailbox = mailbox
        self._messages = messages
        self._done = 0
        self._have = b""
        self._literal_is_sent = False

    def begin(self) -> None:
        self._literal_is_sent = False
        octets = len(self._messages[self._done])
        self._socket.sendall(b'qa%d APPEND "%s" {%d}\r\n' % (self._done, self._mailbox, octets))

    def readable(self) -> bool:
        """Take what has come; true once the last one is answered."""
        chunk = self._socket.recv(1 << 16)
        if not chunk:
            sys.exit("IMAP: the server has closed the connection")
        self._have += chunk
        if not self._have.endswith(b"\r\n"):
            return False
        last = self._have[self._have.rfind(b"\r\n", 0, -2) + 2 if b"\r\n" in self._have[:-2] else 0:]
        if last.startswith(b"+") and not self._literal_is_sent:
            self._have = b""
            self._literal_is_sent = True
            self._socket.sendall(self._messages[self._done] + b"\r\n")
        elif last.startswith(b"qa%d " % self._done):
            if b" OK" not in last:
                sys.exit(f"IMAP: {last.decode('ascii', 'replace').strip()}")
            self._have = b""
            self._done += 1
            if self._done == len(self._messages):
                return True
            self.begin()
        return False
