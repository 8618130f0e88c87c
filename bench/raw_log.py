"""The ceiling: an SMTP server that does nothing but take bytes and put them on disk.

A uvloop Protocol that appends each message to one file, with one fdatasync for all that wait: no parsing, no envelope,
no mailbox, no index. Nobody can use it; our share of its rate says what all the rest costs.

    python -m bench.raw_log PORT FILE
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from bench.group import Group
from bench.loopback import assert_on_loopback, free_ports, wait_for_port
from bench.scale import DATA, LOOPBACK, WORK
from bench.smtp_load import Target

_BUFFERS_MAX = 512      # writev(2) takes IOV_MAX, 1,024
_REPLIES = {
    b"EHLO": b"250-raw\r\n250 8BITMIME\r\n",
    b"MAIL": b"250 2.1.0 yes\r\n",
    b"RCPT": b"250 2.1.5 yes\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}


@contextmanager
def raw_log() -> Iterator[Target]:
    """Serve until the end of the context; its file is removed then."""
    folder, port = DATA / "raw-log", free_ports(1)[0]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    group = Group("raw-log")
    try:
        command = (sys.executable, "-m", "bench.raw_log", str(port), str(folder / "log"))
        group.start(command, WORK / "raw-log.log")
        wait_for_port(port)
        assert_on_loopback(group.pids())
        yield Target(group, port)
    finally:
        group.stop()
        shutil.rmtree(folder, ignore_errors=True)


class _Log:
    """One file; what comes while it is synced is the next batch."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC | os.O_CLOEXEC)
        self._waiting: list[tuple[list[bytes], asyncio.WriteTransport]] = []
        self._flushing: asyncio.Task[None] | None = None

    def keep(self, chunks: list[bytes], peer: asyncio.WriteTransport) -> None:
        """Tell the peer 250 once the chunks are on disk."""
        self._waiting.append((chunks, peer))
        if self._flushing is None:
            self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await loop.run_in_executor(None, self._write, [chunk for chunks, _ in batch for chunk in chunks])
            for _, peer in batch:
                peer.write(b"250 2.0.0 kept\r\n")
        self._flushing = None

    def _write(self, chunks: list[bytes]) -> None:
        for start in range(0, len(chunks), _BUFFERS_MAX):
            os.writev(self._file, chunks[start:start + _BUFFERS_MAX])
        os.fdatasync(self._file)


class _Session(asyncio.Protocol):
    """Speaks with the load tool, which never sends anything ahead."""

    def __init__(self, log: _Log) -> None:
        self._log = log
        self._chunks: list[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport    # type: ignore[assignment]
        self._transport.write(b"220 raw\r\n")

    def data_received(self, data: bytes) -> None:
        if self._chunks is not None:
            self._chunks.append(data)
            if b"".join(chunk[-5:] for chunk in self._chunks[-5:]).endswith(b"\r\n.\r\n"):
                chunks, self._chunks = self._chunks, None
                self._log.keep(chunks, self._transport)
            return
        verb = data[:4]
        self._transport.write(_REPLIES.get(verb, b"500 5.5.2 what\r\n"))
        if verb == b"DATA":
            self._chunks = []
        elif verb == b"QUIT":
            self._transport.close()


async def _serve(port: int, path: str) -> None:
    log = _Log(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Session(log), LOOPBACK, port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
