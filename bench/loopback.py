"""Nothing here leaves the machine: the kernel is asked who listens where, and any address but loopback ends the run."""

import contextlib
import ipaddress
import os
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.scale import LOOPBACK

_LISTEN = "0A"      # proc(5), /proc/net/tcp: the state


class NotOnLoopback(Exception):
    """A server under test listens where others could reach it."""


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody holds at the moment."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


def connect(port: int, timeout_seconds: float = 60.0) -> socket.socket:
    """A connection to a port of loopback, without Nagle's delay."""
    made = socket.create_connection((LOOPBACK, port), timeout_seconds)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Wait until something listens there. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), connect(port, 1.0):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {LOOPBACK}:{port} after {seconds:.0f} s")


def assert_on_loopback(pids: Iterable[int]) -> None:
    """Raises NotOnLoopback when one of the processes listens on any other address."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    for address, inode in (*_listening("tcp"), *_listening("tcp6")):
        if inode in inodes and not address.is_loopback:
            raise NotOnLoopback(f"a server under test listens on {address}")


def _socket_inodes(pid: int) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            target = os.readlink(link)
            if target.startswith("socket:["):
                yield target[len("socket:["):-1]


def _listening(table: str) -> Iterator[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, str]]:
    """Addresses that somebody listens on, with the inode of the socket. The words of an address are in host order."""
    try:
        lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    except OSError:                 # no IPv6
        return
    for line in lines:
        fields = line.split()
        if fields[3] == _LISTEN:
            words = bytes.fromhex(fields[1].partition(":")[0])
            octets = b"".join(words[at:at + 4][::-1] for at in range(0, len(words), 4))
            yield ipaddress.ip_address(octets), fields[9]
