"""One connection, whatever the door: turns, awaited answers, TLS, time-outs, and the boundary where our bugs end.

A connection calls its `Session` in turns. A turn is one callback of the loop: what is written in it leaves in one piece
when it ends, and an exception that nobody foresaw is caught there, once: it is journalled, the peer hears the door's
words for a fault of ours, and the connection closes. While an answer is awaited the peer's octets are held back;
reading is paused when they pile up, and while the peer does not read what we write (`wire`).

Nothing here makes a timer: `connections.Connections` asks for every `deadline` about once a second, and
only then is it worked out.
"""

import asyncio
import math
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple, cast

from posthouse.database.identifiers import AccountId
from posthouse.doors.events import (
    AnswerOverdue,
    BugFound,
    LoginFailed,
    MailRefused,
    Reason,
    SessionClosed,
    SessionOpened,
    SessionSecured,
    TlsFailed,
)
from posthouse.doors.handshake import encrypt, reason_of
from posthouse.doors.patience import COMMAND_PATIENCE, Patience, Phase
from posthouse.doors.session import NO_SESSION, Door, Ending, Session
from posthouse.doors.wire import CLOSING_SECONDS_MAX, OPEN, WRITE_BUFFER_OCTETS_MAX, State, Wire
from posthouse.runtime.counters import Admission
from posthouse.runtime.journal import traceback_of
from posthouse.runtime.peers import NOBODY, Peer, peer_at

if TYPE_CHECKING:
    from posthouse.doors.connections import Connections

Arguments = TypeVarTuple("Arguments")
T = TypeVar("T")

ANSWER_SECONDS_MAX: Final = 600.0       # RFC 5321 4.5.3.2.6: a client waits 10 minutes for the reply to its message
REFUSALS_TOLD: Final = 20               # lines of the journal for what one peer may not do; then only their number
STALL_SECONDS_MAX: Final = 300.0        # as for a command (RFC 5321 4.5.3.2.7): a peer that reads nothing is silent

_REASONS: Final = {
    Ending.TIMED_OUT: Reason.TIMED_OUT, Ending.BUG: Reason.BUG, Ending.SHUTTING_DOWN: Reason.SHUTTING_DOWN,
    Ending.LOGGED_OUT: Reason.LOGGED_OUT,
}  # fmt: skip


class Connection(Wire):
    """The peer of one session, as its door sees it. `session_id`, `peer` and `tls` are facts to read."""

    __slots__ = (
        "_admission", "_connections", "_door", "_in_flight", "_mail_refused", "_phase", "_session", "_task",
        "_waiting_since", "account_id", "peer", "session_id", "tls",
    )  # fmt: skip

    def __init__(self, connections: "Connections", door: Door, peer: Peer = NOBODY) -> None:
        """A connection that is about to be made. A peer that is given has been admitted already."""
        super().__init__()
        self._admission = Admission.ADMITTED
        self._connections = connections
        self._door = door
        self._session: Session = NO_SESSION
        self._task: asyncio.Task[object] | None = None
        self._in_flight = 0                     # awaited answers
        self._waiting_since = 0.0
        self._phase = Phase(COMMAND_PATIENCE, connections.time)
        self.session_id = connections.chance.identifier()
        self.peer = peer
        self.tls: ssl.SSLObject | None = None
        self._mail_refused = 0
        self.account_id: AccountId | None = None    # whose session it is, once its door has let the peer in

    # ---- what a session calls, beside `write` and `drained` ----------------------------------------------------------

    def expect(self, patience: Patience) -> None:
        """A new phase begins now: the peer has so much time for it."""
        self._phase.begin(patience, self._connections.time)

    def await_answer(self, future: asyncio.Future[T], then: Callable[[asyncio.Future[T]], None]) -> None:
        """Wait for an answer of ours (a commit, a login); `then` is called with the done future, as a turn.

        Until then the peer's octets are held back. `then` is not called when the connection has ended meanwhile; the
        future is not cancelled then, for what it stands for (a commit) is under way whoever waits. A future that others
        cancel ends the connection without a word, for nobody knows what became of it.
        """
        if not self._in_flight:
            self._waiting_since = self._connections.time
        self._in_flight += 1
        future.add_done_callback(partial(self._answered, then))

    def run(self, coroutine: Coroutine[object, object, T], then: Callable[[asyncio.Future[T]], None]) -> None:
        """Run a coroutine for this session, one at a time, and call `then` as `await_answer` does.

        It is cancelled when the connection ends. Raises RuntimeError while another one runs: a bug.
        """
        if self._state is not OPEN:
            coroutine.close()
            return
        self.await_answer(self._start(coroutine), then)

    def call(self, function: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Take a turn that no octet of the peer's began: its mailbox has changed. Does nothing after the end."""
        if self._state is OPEN:
            self._turn(function, *arguments)

    def start_tls(self, agree: bytes, refuse: bytes) -> None:
        """Say `agree` and set up TLS; `secured` is called when it stands. A failed handshake ends the connection.

        Octets that came in the clear behind the command may have been put there by someone in between (RFC 3207 4.2,
        CVE-2011-0411): then `refuse` is said instead and the connection closes. Those that the session's core has
        already been given are the core's to refuse.
        """
        if self._state is not OPEN:
            return
        if self.peer_has_spoken:
            self.write(refuse)
            self.close_when_heard_out()
            return
        self._transport.pause_reading()    # before we agree: what comes from here on is for TLS
        self.write(agree)
        self._send_corked()
        self._state = State.UPGRADING      # the handshake has its own limit
        upgrade = encrypt(self._transport, self, self._connections.certificates.context)
        self._start(upgrade).add_done_callback(self._upgraded)

    def note_failed_login(self, reason: str) -> None:
        """Have the journal say that a login of this peer came to nothing."""
        self._connections.journal.write(LoginFailed(
            session=self.session_id, door=self._door.name, peer_ip=self.peer.ip, reason=reason,
        ))  # fmt: skip

    def note_refused_mail(self, reply: bytes, forward_path: str = "") -> None:
        """Have the journal say that a recipient, or a message, of this peer's was not taken; the first few times."""
        self._mail_refused += 1
        if self._mail_refused > REFUSALS_TOLD:
            return
        self._connections.journal.write(MailRefused(
            session=self.session_id, door=self._door.name, peer_ip=self.peer.ip, reply=reply.decode("ascii").rstrip(),
            forward_path=forward_path,
        ))  # fmt: skip

    def close_when_sent(self) -> None:
        """End as the peer asked (QUIT, LOGOUT): close when everything written has been sent."""
        if self._state is OPEN:
            self._end(Reason.SESSION_ENDED, self._connections.time)

    def close_when_heard_out(self) -> None:
        """End on our own account, while the peer may be sending: what is written has a good chance to be read."""
        if self._state is OPEN:
            self._hear_out(Reason.SESSION_REFUSED, self._connections.time)

    def abort(self) -> None:
        """End at once and without a word, not even what this turn has written: after a failed sync (DESIGN 5)."""
        self._cut(Reason.ABORTED)

    # ---- what the loop calls -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._adopt(cast("asyncio.Transport", transport))
        if self.peer is NOBODY:
            self.peer = peer_at(transport.get_extra_info("peername"))
            self._admission = self._connections.admit(self.peer)
        self._connections.add(self)
        self._turn(self._begin if self._admission is Admission.ADMITTED else self._refuse)

    def data_received(self, data: bytes) -> None:
        phase = self._phase
        phase.heard_at = self._connections.time
        phase.octets += len(data)
        self._octets_received += len(data)
        if self._state is OPEN and not self._in_flight:
            self._turn(self._session.receive, data)
        elif self._state is OPEN or self._state is State.UPGRADING:
            self._hold(data)

    def eof_received(self) -> bool:
        """The peer says no more. What it asked for is still answered (RFC 9293 3.6), though not through TLS."""
        self._eof_heard = True
        if self._state is OPEN and self.tls is None:
            self._go_on()
            return True
        self._state = State.CLOSING
        self._deadline = self._connections.time + CLOSING_SECONDS_MAX
        return False    # the transport closes

    def pause_writing(self) -> None:
        self._congested(self._connections.time)

    def resume_writing(self) -> None:
        if self._stalled_since is not None and not self._in_flight:
            self._phase.leave_out(self._stalled_since, self._connections.time)    # it was reading, as it should
        self._relieved()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._state is State.UPGRADING:
            self._not_encrypted(exc)
        else:
            self.forget(Reason.PEER_CLOSED)

    # ---- what the connections call -----------------------------------------------------------------------------------

    @property
    def deadline(self) -> float:
        """When to end what has taken too long, if nothing happens before; in monotonic seconds."""
        if self._state is not OPEN:
            return self._deadline
        if self._stalled_since is not None:
            return self._stalled_since + STALL_SECONDS_MAX
        if self._in_flight:    # a coroutine writes as fast as the peer reads: no limit but that of stalling
            return self._waiting_since + ANSWER_SECONDS_MAX if self._task is None else math.inf
        return self._phase.ends_at()

    def overdue(self) -> None:
        """The deadline has passed: end what has taken too long."""
        if self._state is OPEN:
            self._run_out()
        elif self._state is State.PARTING:
            self._end(Reason.PEER_CLOSED, self._connections.time)
        else:
            self._cut(Reason.PEER_CLOSED)

    def part_if_idle(self) -> None:
        """The server stops: end the session now, unless something that was begun should still be finished."""
        if self._state is OPEN and not self._in_flight and self._session.is_between_commands:
            self._turn(self._part, Ending.SHUTTING_DOWN)

    def part_at_once(self, ending: Ending) -> None:
        """End the session now. Whoever waits for an answer of ours is told nothing: we do not know it yet."""
        if self._state is OPEN and not self._in_flight:
            self._turn(self._part, ending)
        else:
            self._cut(_REASONS[ending])

    def forget(self, reason: Reason) -> None:
        """The connection is gone, or was never made: let go of everything, once."""
        if self._state is State.CLOSED:
            return
        made = self._session is not NO_SESSION
        self._state = State.CLOSED
        self._reason = self._reason or reason
        if self._task is not None:
            self._task.cancel()
        if self._drained is not None:
            self._drained.cancel()
        self._connections.remove(self)
        if self._admission is Admission.ADMITTED:
            self._connections.leave(self.peer)
        self._turn(self._session.closed)
        self._session = NO_SESSION    # it knows us, so this also frees both without the collector of cycles
        if made:
            self._connections.journal.write(SessionClosed(
                session=self.session_id, door=self._door.name, peer_ip=self.peer.ip, reason=self._reason,
                octets_received=self._octets_received, octets_sent=self._octets_sent, mail_refused=self._mail_refused,
            ))  # fmt: skip

    # ---- turns -------------------------------------------------------------------------------------------------------

    def _turn(self, function: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Call into the session: gather what it writes, and catch what nobody foresaw. The boundary of our bugs."""
        if self._corked is not None:    # a turn is under way: it catches, and sends
            function(*arguments)
            return
        self._corked = []
        try:
            function(*arguments)
        except Exception as bug:    # noqa: BLE001 the one place where it is right (DESIGN 7.5)
            self._caught(bug)
        finally:
            if self._corked:
                self._send_corked()
            self._corked = None
        if self._connections.is_stopping:
            self.part_if_idle()

    def _caught(self, bug: Exception) -> None:
        self._connections.journal.write(
            BugFound(session=self.session_id, door=self._door.name, traceback=traceback_of(bug))
        )
        if self._state is not OPEN or self._reason is Reason.BUG:    # it cannot even say its last words
            self._cut(Reason.BUG)
            return
        self._reason = Reason.BUG
        self._send_corked()
        self._corked = None
        self._turn(self._part, Ending.BUG)

    def _begin(self) -> None:
        self._connections.journal.write(SessionOpened(
            session=self.session_id, door=self._door.name, peer_ip=self.peer.ip, peer_port=self.peer.port,
        ))  # fmt: skip
        self._session = self._door.open(self)
        self._session.opened()

    def _refuse(self) -> None:
        """One too many: it is not counted, so it may not stay, not even to be heard out."""
        self.write(self._door.refusal(self._admission))
        self._end(Reason.NOT_ADMITTED, self._connections.time)

    def _part(self, ending: Ending) -> None:
        self.write(self._session.last_words(ending))
        self._hear_out(_REASONS[ending], self._connections.time)

    def _answered(self, then: Callable[[asyncio.Future[T]], None], future: asyncio.Future[T]) -> None:
        self._in_flight -= 1
        if self._task is future:
            self._task = None
        if future.cancelled():
            self._cut(Reason.ABORTED)
            return
        if self._state is not OPEN:
            future.exception()    # looked at, or the loop would complain: nobody is left to hear it
            return
        if not self._in_flight:
            self._phase.leave_out(self._waiting_since, self._connections.time)
        self._turn(then, future)
        self._go_on()

    def _go_on(self) -> None:
        """Take up what was held back; then, if the peer has said its last and all is answered, close."""
        while self._held and not self._in_flight and self._state is OPEN:
            self._turn(self._session.receive, self._take_held())
        if self._eof_heard and not self._in_flight:
            self.close_when_sent()
        self._adjust_reading()

    # ---- time --------------------------------------------------------------------------------------------------------

    def _run_out(self) -> None:
        waited = self._connections.time - self._waiting_since
        if self._stalled_since is not None:
            self._cut(Reason.STALLED)
        elif self._in_flight:
            self._connections.journal.write(
                AnswerOverdue(session=self.session_id, door=self._door.name, seconds=round(waited, 1))
            )
            self._turn(self._part, Ending.BUG)
        else:
            self._turn(self._part, Ending.TIMED_OUT)

    # ---- tasks and TLS -----------------------------------------------------------------------------------------------

    def _start(self, coroutine: Coroutine[object, object, T]) -> asyncio.Task[T]:
        if self._task is not None:
            coroutine.close()
            raise RuntimeError("a session runs one coroutine at a time")
        task = self._connections.spawn(coroutine)
        self._task = cast("asyncio.Task[object]", task)
        return task

    def _adopt(self, transport: asyncio.Transport) -> None:
        """Take a transport that stands: a new connection's, or the encrypted one in place of the plain one."""
        self._transport = transport
        self._state = OPEN
        self._reading = True
        self.tls = transport.get_extra_info("ssl_object")
        if self.tls is not None:
            transport.set_write_buffer_limits(high=WRITE_BUFFER_OCTETS_MAX)
            version, cipher = self.tls.version() or "", (self.tls.cipher() or ("",))[0]
            self._connections.journal.write(SessionSecured(session=self.session_id, version=version, cipher=cipher))

    def _upgraded(self, task: asyncio.Task[asyncio.Transport | None]) -> None:
        """The handshake is over. Octets may have come with its end, before we hold the transport to answer through."""
        self._task = None
        failure = None if task.cancelled() else task.exception()
        if self._state is not State.UPGRADING:
            return
        transport = None if task.cancelled() or failure is not None else task.result()
        if transport is None or transport.is_closing():
            self._not_encrypted(failure)
            return
        self._adopt(transport)
        self._phase.leave_out(self._phase.heard_at, self._connections.time)
        self._turn(self._session.secured)
        self._go_on()

    def _not_encrypted(self, failure: BaseException | None) -> None:
        """The handshake came to nothing. Not every loop calls `connection_lost` then, so we forget the peer here."""
        self._connections.journal.write(TlsFailed(
            session=self.session_id, door=self._door.name, peer_ip=self.peer.ip, reason=reason_of(failure),
        ))  # fmt: skip
        self._cut(Reason.TLS_FAILED)
        self.forget(Reason.TLS_FAILED)
