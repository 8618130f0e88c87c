"""A stage for connections: a real server socket on loopback, its loop in a thread, its clock in the test's hand.

The test itself is the peer: it uses blocking sockets and never sleeps. What the session is called with comes through a
queue, so that a test can wait for it. Every test runs on both event loops, and fails when anything was left behind.
"""

import asyncio
import queue
import socket
import ssl
import threading
from collections.abc import Callable

from posthouse.doors.connection import Connection
from posthouse.doors.listening import Encryption, Listener, serve
from posthouse.doors.patience import Patience
from posthouse.doors.session import Ending
from posthouse.runtime.counters import Admission, SessionLimits
from posthouse.runtime.network import Endpoint, IfTaken, listen_on
from posthouse.runtime.tls import CertificateFiles
from unit.doors.loop import SECONDS, DoorLoop


class ScriptedSession:
    """A session that does what the peer's lines say: the shell is tested here, so no real protocol is needed."""

    def __init__(self, connection: Connection, stage: "Stage") -> None:
        self.connection = connection
        self.stage = stage
        self.buffer = b""
        self.is_waiting = False
        self.is_between_commands = True
        self.spoke_first: bool | None = None

    def opened(self) -> None:
        self.spoke_first = self.connection.peer_has_spoken
        self.stage.calls.put(("opened", b""))
        self.connection.write(self.stage.greeting)

    def receive(self, octets: bytes) -> None:
        self.stage.calls.put(("receive", octets))
        self.buffer += octets
        self.drive()

    def drive(self) -> None:
        while b"\n" in self.buffer and not self.is_waiting and self.connection.is_open:
            line, _, self.buffer = self.buffer.partition(b"\n")
            command, _, argument = line.strip().decode().partition(" ")
            getattr(self, f"do_{command.lower()}")(argument)

    def secured(self) -> None:
        self.stage.calls.put(("secured", b""))
        self.buffer = b""

    def last_words(self, ending: Ending) -> bytes:
        if self.stage.last_words_fail:
            raise ValueError("and no last words either")
        return b"421 " + ending.value.encode() + b"\r\n"

    def closed(self) -> None:
        self.stage.calls.put(("closed", b""))

    def say(self, text: str) -> None:
        self.connection.write(text.encode() + b"\r\n")

    # ---- the peer's commands

    def do_echo(self, text: str) -> None:
        self.say(text)

    def do_fail(self, text: str) -> None:
        self.say("about to fail")
        raise ZeroDivisionError(text)

    def do_wait(self, _: str) -> None:
        """Wait for an answer that the test gives."""
        future = asyncio.get_running_loop().create_future()
        self.is_waiting = True
        self.connection.await_answer(future, self.answered)
        self.stage.answers.put(future)

    def do_run(self, _: str) -> None:
        """Run a coroutine that waits for an answer that the test gives."""
        future = asyncio.get_running_loop().create_future()

        async def work() -> str:
            self.stage.answers.put(future)
            try:
                return str(await future)
            except asyncio.CancelledError:
                self.stage.calls.put(("cancelled", b""))
                raise

        self.is_waiting = True
        self.connection.run(work(), self.answered)

    def do_run_twice(self, _: str) -> None:
        self.connection.run(asyncio.sleep(SECONDS), self.answered)
        self.connection.run(asyncio.sleep(SECONDS), self.answered)

    def answered(self, future: "asyncio.Future[object]") -> None:
        self.is_waiting = False
        self.say(f"answer {future.result()}")
        self.drive()

    def do_tls(self, _: str) -> None:
        self.connection.start_tls(b"220 go ahead\r\n", b"501 you have said too much\r\n")

    def do_quit(self, _: str) -> None:
        self.say("221 bye")
        self.connection.close_when_sent()

    def do_part(self, _: str) -> None:
        self.say("550 enough")
        self.connection.close_when_heard_out()

    def do_abort(self, _: str) -> None:
        self.say("never said")
        self.connection.abort()

    def do_flood(self, octets: str) -> None:
        self.connection.write(b"x" * int(octets) + b"\r\n")

    def do_pages(self, pages: str) -> None:
        """Write pages of 16 KiB, each when the peer has read enough of those before."""
        self.is_waiting = True
        self.next_page(int(pages))

    def next_page(self, left: int) -> None:
        if not left:
            self.is_waiting = False
            self.say("end of pages")
            self.drive()
            return
        self.connection.write(b"p" * 16_384)
        self.connection.await_answer(self.connection.drained(), lambda _: self.next_page(left - 1))

    def do_begin(self, _: str) -> None:
        self.is_between_commands = False
        self.say("begun")

    def do_finish(self, _: str) -> None:
        self.is_between_commands = True
        self.say("finished")

    def do_expect(self, numbers: str) -> None:
        total, silence, rate = (float(number) for number in numbers.split())
        self.connection.expect(Patience(total, silence, rate))
        self.say("patient")


class Stage(DoorLoop):
    """A server of one door. It is also that door."""

    name = "scripted"

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop], certificate: CertificateFiles) -> None:
        super().__init__(new_loop, certificate)
        self.calls: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[asyncio.Future[object]] = queue.SimpleQueue()
        self.sessions: list[ScriptedSession] = []
        self.greeting = b"220 welcome\r\n"
        self.last_words_fail = False
        self.limits = SessionLimits()
        self.listener: Listener | None = None

    # ---- the door

    def open(self, connection: Connection) -> ScriptedSession:
        session = ScriptedSession(connection, self)
        self.sessions.append(session)
        return session

    def refusal(self, admission: Admission) -> bytes:
        return b"421 " + admission.value.encode() + b"\r\n"

    # ---- what a test does

    def start(self, encryption: Encryption = Encryption.ON_REQUEST) -> None:
        """Begin to listen: called by the first `client`, or before it to say how."""
        self.make_connections(self.limits)
        listening = listen_on({"door": Endpoint("127.0.0.1", 0)}, IfTaken.REFUSE)["door"]
        listening.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)    # so that a peer's silence is felt
        self.port = listening.bound.port
        self.listener = self.in_loop_await(serve(listening.socket, self, encryption, self.connections))

    def client(self, *, receive_buffer_octets: int | None = None, speak_first: bytes = b"") -> "Client":
        """A peer that has connected, and has not read the greeting yet."""
        if self.listener is None:
            self.start()
        client = Client(self.port, self.certificate, receive_buffer_octets, speak_first)
        self.clients.append(client)
        return client

    def greeted_client(self, receive_buffer_octets: int | None = None) -> "Client":
        client = self.client(receive_buffer_octets=receive_buffer_octets)
        assert client.line() == self.greeting.strip()
        self.wait_for("opened")
        return client

    def wait_for(self, name: str) -> bytes:
        """Wait until the session has been called so; its octets."""
        while True:
            called, octets = self.calls.get(timeout=SECONDS)
            if called == name:
                return octets

    def block_loop(self) -> threading.Event:
        """Keep the loop busy until the event is set: what peers do meanwhile waits in the kernel."""
        go_on, blocked = threading.Event(), threading.Event()

        def block() -> None:
            blocked.set()
            go_on.wait(SECONDS)

        self.loop.call_soon_threadsafe(block)
        blocked.wait(SECONDS)
        return go_on

    def answer(self, value: object) -> None:
        """Give the answer that the session waits for."""
        future = self.answers.get(timeout=SECONDS)
        self.in_loop(lambda: future.set_exception(value) if isinstance(value, Exception) else future.set_result(value))

    def tear_down(self) -> None:
        left = 0
        if self.listener is not None:
            self.in_loop(self.listener.stop)
            for client in self.clients:
                client.close()
            self.in_loop_await(self.connections.shut_down(within_seconds=0))
            left = len(self.connections)
        self.stop_loop()
        assert not left, "a connection was left behind"


class Client:
    """A peer with a blocking socket."""

    def __init__(
        self, port: int, certificate: CertificateFiles, receive_buffer_octets: int | None, speak_first: bytes
    ) -> None:
        self.certificate = certificate
        self.socket = socket.socket()
        if receive_buffer_octets is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_octets)
        self.socket.settimeout(SECONDS)
        self.socket.connect(("127.0.0.1", port))
        if speak_first:
            self.socket.sendall(speak_first)
        self.unread = b""

    def close(self) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def say(self, *lines: str) -> None:
        """Send lines, all in one piece."""
        self.send("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> bytes:
        """The next line, without its end; b"" at the end of the connection."""
        while b"\r\n" not in self.unread:
            octets = self.socket.recv(65_536)
            if not octets:
                return b""
            self.unread += octets
        line, _, self.unread = self.unread.partition(b"\r\n")
        return line

    def read(self, octets: int) -> bytes:
        """Exactly so many octets."""
        taken = bytearray(self.unread)
        while len(taken) < octets:
            piece = self.socket.recv(65_536)
            assert piece, f"the connection ended after {len(taken)} octets"
            taken += piece
        self.unread = bytes(taken[octets:])
        return bytes(taken[:octets])

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        while octets := self.socket.recv(65_536):
            self.unread += octets
        rest, self.unread = self.unread, b""
        return rest

    def hear_end(self) -> bool:
        """Whether the connection ends, in whatever way, with nothing more said."""
        try:
            return self.rest() == b""
        except ConnectionResetError:
            return True

    def secure(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        """Shake hands, trusting the stage's certificate."""
        context = ssl.create_default_context(cafile=str(self.certificate.chain))
        context.maximum_version = version
        self.socket = context.wrap_socket(self.socket, server_hostname="mail.example.org", suppress_ragged_eofs=True)

    def end_writing(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)
