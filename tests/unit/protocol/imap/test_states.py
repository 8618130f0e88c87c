"""Which command may be given when (RFC 3501 3, 6): every pair of state and command."""

from typing import get_args

import pytest

from conformance.imap.toy_door import DONE, ToyDoor, logged_in, selected
from posthouse.protocol.imap import commands
from posthouse.protocol.imap.commands import Command
from posthouse.protocol.imap.events import AppendStarted, CommandReceived, CommandRefused
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.states import AFTER, LEGAL, Channel, Phase, State

ANY, BEFORE, AFTER_LOGIN, SELECTED = "any", "before login", "after login", "selected"

# Written out from the headings of RFC 3501 6.1 to 6.4 and the extensions' texts, apart from the table under test.
LINES: list[tuple[str, bytes]] = [
    (ANY, b"CAPABILITY"), (ANY, b"NOOP"), (ANY, b"LOGOUT"),
    (BEFORE, b"STARTTLS"), (BEFORE, b"AUTHENTICATE PLAIN"), (BEFORE, b"LOGIN al secret"),
    (AFTER_LOGIN, b"SELECT a"), (AFTER_LOGIN, b"EXAMINE a"), (AFTER_LOGIN, b"CREATE a"), (AFTER_LOGIN, b"DELETE a"),
    (AFTER_LOGIN, b"RENAME a b"), (AFTER_LOGIN, b"SUBSCRIBE a"), (AFTER_LOGIN, b"UNSUBSCRIBE a"),
    (AFTER_LOGIN, b'LIST "" *'), (AFTER_LOGIN, b'LSUB "" *'), (AFTER_LOGIN, b"STATUS a (MESSAGES)"),
    (AFTER_LOGIN, b"APPEND a {1}"), (AFTER_LOGIN, b"NAMESPACE"), (AFTER_LOGIN, b"IDLE"),
    (SELECTED, b"CHECK"), (SELECTED, b"CLOSE"), (SELECTED, b"UNSELECT"), (SELECTED, b"EXPUNGE"), (SELECTED,
    b"SEARCH ALL"),
    (SELECTED, b"FETCH 1 FLAGS"), (SELECTED, b"STORE 1 FLAGS ()"), (SELECTED, b"COPY 1 a"), (SELECTED, b"MOVE 1 a"),
    (SELECTED, b"UID FETCH 1 FLAGS"), (SELECTED, b"UID STORE 1 FLAGS ()"), (SELECTED, b"UID COPY 1 a"),
    (SELECTED, b"UID MOVE 1 a"), (SELECTED, b"UID SEARCH ALL"), (SELECTED, b"UID EXPUNGE 1"),
]  # fmt: skip
ALLOWED = {
    ANY: {State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED},
    BEFORE: {State.NOT_AUTHENTICATED},
    AFTER_LOGIN: {State.AUTHENTICATED, State.SELECTED},
    SELECTED: {State.SELECTED},
}
DOORS = {State.NOT_AUTHENTICATED: ToyDoor, State.AUTHENTICATED: logged_in, State.SELECTED: selected}


@pytest.mark.parametrize("state", DOORS)
@pytest.mark.parametrize(("when", "line"), LINES, ids=lambda value: value if isinstance(value, str) else value.decode())
def test_a_command_is_handed_out_in_its_states_and_refused_in_others(when: str, line: bytes, state: State) -> None:
    session = DOORS[state]().session
    assert session.state is state
    session.receive_data(b"t " + line + b"\r\n")
    event = session.next_event()
    if state in ALLOWED[when]:
        assert isinstance(event, CommandReceived | AppendStarted)
        assert event.tag == b"t"
    else:
        assert isinstance(event, CommandRefused)
        reason = b"can be given before login alone" if when is BEFORE else b"cannot be given "
        assert event.octets.startswith(b"t BAD that command " + reason)
        assert session.phase is Phase.COMMAND
    assert session.state is state


def test_every_command_has_its_row() -> None:
    assert set(LEGAL) == set(get_args(Command))
    assert {command for command, _ in AFTER} <= set(LEGAL)


@pytest.mark.parametrize(("make", "line", "condition", "expected"), [
    (ToyDoor, b"LOGIN a b", Condition.OK, State.AUTHENTICATED),
    (ToyDoor, b"LOGIN a b", Condition.NO, State.NOT_AUTHENTICATED),
    (ToyDoor, b"AUTHENTICATE PLAIN =", Condition.OK, State.AUTHENTICATED),
    (ToyDoor, b"AUTHENTICATE PLAIN =", Condition.NO, State.NOT_AUTHENTICATED),
    (ToyDoor, b"NOOP", Condition.OK, State.NOT_AUTHENTICATED),
    (ToyDoor, b"LOGOUT", Condition.OK, State.LOGOUT),
    (logged_in, b"SELECT a", Condition.OK, State.SELECTED),
    (logged_in, b"EXAMINE a", Condition.OK, State.SELECTED),
    (logged_in, b"SELECT a", Condition.NO, State.AUTHENTICATED),
    (selected, b"SELECT a", Condition.OK, State.SELECTED),
    (selected, b"SELECT a", Condition.NO, State.AUTHENTICATED),
    (selected, b"SELECT a", Condition.BAD, State.SELECTED),
    (selected, b"CLOSE", Condition.OK, State.AUTHENTICATED),
    (selected, b"CLOSE", Condition.NO, State.SELECTED),
    (selected, b"UNSELECT", Condition.OK, State.AUTHENTICATED),
    (selected, b"NOOP", Condition.OK, State.SELECTED),
    (selected, b"FETCH 1 FLAGS", Condition.NO, State.SELECTED),
    (selected, b"LOGOUT", Condition.OK, State.LOGOUT),
])  # fmt: skip
def test_an_answer_changes_the_state(make: type[ToyDoor], line: bytes, condition: Condition, expected: State) -> None:
    """RFC 3501 3, 6.3.1: a SELECT that fails leaves no mailbox selected."""
    session = make().session
    session.receive_data(b"t " + line + b"\r\n")
    assert isinstance(session.next_event(), CommandReceived)
    assert session.send(Completion(condition, "so")) == b"t %b so\r\n" % condition.value
    assert session.state is expected


def test_starttls_is_refused_where_tls_is_in_use() -> None:
    """RFC 3501 6.2.1; a second TLS inside the first would be meant to confuse."""
    door = ToyDoor(channel=Channel.TLS)
    assert door.feed(b"t STARTTLS\r\n") == b"t BAD TLS is in use already\r\n"
    assert DONE.condition is Condition.OK


def test_nothing_follows_logout() -> None:
    door = ToyDoor()
    assert door.feed(b"t LOGOUT\r\nu NOOP\r\n") == b"* BYE come again\r\nt OK done\r\n"
    assert door.session.phase is Phase.CLOSED
    assert door.feed(b"v NOOP\r\n") == b""
    assert door.session.unread_octets == 0
    assert door.commands() == [commands.Logout()]
