"""A POP3 client that costs next to nothing (see `imap_client.py`)."""

import socket
import sys
import time

from bench.loopback import connect
from bench.scale import PASSWORD


def retrieve(port: int, account: str, count: int) -> float:
    """RETR the first messages of the INBOX, one after another on one session; messages a second."""
    with connect(port, 120.0) as connection:
        _single_line(connection)
        for command in (f"USER {account}", f"PASS {PASSWORD}"):
            connection.sendall(f"{command}\r\n".encode())
            _single_line(connection)
        begun = time.perf_counter()
        for number in range(1, count + 1):
            connection.sendall(b"RETR %d\r\n" % number)
            _many_lines(connection)
        seconds = time.perf_counter() - begun
        connection.sendall(b"QUIT\r\n")
        _single_line(connection)
    return count / seconds


def _single_line(connection: socket.socket) -> None:
    line = b""
    while not line.endswith(b"\r\n"):
        line += _received(connection)
    _check(line)


def _many_lines(connection: socket.socket) -> None:
    """A reply that ends with a line of one dot."""
    head = _received(connection)
    end = head[-5:]
    while end != b"\r\n.\r\n":
        end = (end + _received(connection)[-5:])[-5:]
    _check(head)


def _received(connection: socket.socket) -> bytes:
    chunk = connection.recv(1 << 18)
    if not chunk:
        sys.exit("POP3: the server has closed the connection")
    return chunk


def _check(reply: bytes) -> None:
    if not reply.startswith(b"+OK"):
        sys.exit(f"POP3: {reply[:200].decode('ascii', 'replace').strip()}")
