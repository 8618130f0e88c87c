"""Time-outs without a timer: the sweep and what it ends (`doors.connections`, `doors.connection`)."""

import json

from posthouse.doors.connection import ANSWER_SECONDS_MAX, STALL_SECONDS_MAX
from posthouse.doors.events import AnswerOverdue, SessionClosed
from posthouse.doors.wire import CLOSING_SECONDS_MAX, HEARING_OUT_SECONDS
from unit.doors.loop import SECONDS
from unit.doors.stage import Client, Stage

COMMAND_SECONDS = 300


def end_told(stage: Stage) -> str:
    """The reason that the journal gives for the end of the only session."""
    stage.wait_for("closed")
    stage.in_loop(lambda: None)
    (line,) = stage.journal(SessionClosed)
    return str(json.loads(line)["reason"])


def test_a_peer_that_says_nothing_is_told_so_and_closed(stage: Stage) -> None:
    """RFC 5321 4.5.3.2.7: 5 minutes for the next command, then 421 and the connection closes (3.8)."""
    client = stage.greeted_client()
    stage.pass_time(COMMAND_SECONDS)
    assert client.rest() == b"421 timed-out\r\n"
    client.socket.close()
    assert end_told(stage) == "timed out"


def test_a_peer_that_is_within_its_time_is_left_alone(stage: Stage) -> None:
    client = stage.greeted_client()
    stage.pass_time(COMMAND_SECONDS - 1)
    client.say("ECHO still here")
    assert client.line() == b"still here"


def test_a_command_sent_octet_by_octet_does_not_buy_time(stage: Stage) -> None:
    """A slow-loris peer holds a place for no longer than a silent one."""
    client = stage.greeted_client()
    for _ in range(3):
        client.send(b"E")
        stage.wait_for("receive")
        stage.pass_time(COMMAND_SECONDS / 3)
    assert client.rest() == b"421 timed-out\r\n"


def test_a_new_phase_begins_when_the_session_says_so(stage: Stage) -> None:
    client = stage.greeted_client()
    stage.pass_time(COMMAND_SECONDS - 1)
    client.say("EXPECT 50 1000 0")
    assert client.line() == b"patient"
    stage.pass_time(49)
    client.say("ECHO yes")
    assert client.line() == b"yes"
    stage.pass_time(1)
    assert client.rest() == b"421 timed-out\r\n"


def test_a_body_may_take_long_as_long_as_it_comes(stage: Stage) -> None:
    """RFC 5321 4.5.3.2.5: 3 minutes for each block, none for the whole."""
    client = stage.greeted_client()
    client.say("EXPECT 100000 180 1")
    assert client.line() == b"patient"
    stage.wait_for("receive")
    for _ in range(20):
        client.send(b"x" * 1_000)
        stage.wait_for("receive")
        stage.pass_time(170)
    assert stage.sessions[0].connection.is_open
    stage.pass_time(10)
    assert client.rest() == b"421 timed-out\r\n"


def test_a_body_that_trickles_is_ended(stage: Stage) -> None:
    """A place is not held for ever by a few octets a minute (slow loris in DATA)."""
    client = stage.greeted_client()
    client.say("EXPECT 100000 180 100")
    assert client.line() == b"patient"
    stage.wait_for("receive")
    for _ in range(2):
        client.send(b"x" * 50)
        stage.wait_for("receive")
        stage.pass_time(60)
    assert client.rest() == b"421 timed-out\r\n"


def test_our_own_time_is_not_the_peers(stage: Stage) -> None:
    """While an answer of ours is awaited the peer's patience does not run; it goes on where it stood."""
    client = stage.greeted_client()
    stage.pass_time(200)
    client.say("WAIT")
    stage.wait_for("receive")
    stage.pass_time(ANSWER_SECONDS_MAX - 1)
    stage.answer("at last")
    assert client.line() == b"answer at last"
    stage.pass_time(99)
    client.say("ECHO in time")
    assert client.line() == b"in time"
    stage.pass_time(1)
    assert client.rest() == b"421 timed-out\r\n"


def test_an_answer_that_never_comes_ends_like_a_bug(stage: Stage) -> None:
    """RFC 5321 4.5.3.2.6: no client waits longer than 10 minutes; ours is the fault, so it is a transient one."""
    client = stage.greeted_client()
    client.say("WAIT")
    stage.wait_for("receive")
    stage.answers.get(timeout=SECONDS)
    stage.pass_time(ANSWER_SECONDS_MAX)
    assert client.rest() == b"421 bug\r\n"
    assert len(stage.journal(AnswerOverdue)) == 1


def test_a_coroutine_may_write_for_as_long_as_the_peer_reads(stage: Stage) -> None:
    """A big mailbox over a slow line takes hours."""
    client = stage.greeted_client()
    client.say("RUN")
    stage.wait_for("receive")
    stage.pass_time(86_400)
    stage.answer("done")
    assert client.line() == b"answer done"


def congested_client(stage: Stage) -> Client:
    """A peer that has asked for more than it reads."""
    client = stage.client(receive_buffer_octets=4_096)
    client.say("FLOOD 400000")
    stage.wait_for("receive")
    assert stage.in_loop(lambda: stage.sessions[0].connection.is_congested)
    return client


def test_a_peer_that_never_reads_is_cut_off_after_a_time(stage: Stage) -> None:
    """It could not read any last words either."""
    congested_client(stage)
    stage.pass_time(STALL_SECONDS_MAX - 1)
    assert stage.sessions[0].connection.is_open
    stage.pass_time(1)
    assert end_told(stage) == "the peer did not read"


def test_a_peer_that_reads_again_is_forgiven(stage: Stage) -> None:
    client = congested_client(stage)
    stage.pass_time(STALL_SECONDS_MAX - 1)
    client.line()
    assert len(client.line()) == 400_000
    client.say("ECHO here")
    assert client.line() == b"here"
    stage.pass_time(STALL_SECONDS_MAX / 2)
    assert stage.sessions[0].connection.is_open


def test_hearing_out_ends_after_a_time(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("PART")
    assert client.rest() == b"550 enough\r\n"
    stage.pass_time(HEARING_OUT_SECONDS)
    assert end_told(stage) == "the session was refused"


def test_a_peer_that_does_not_take_our_end_is_cut_off(stage: Stage) -> None:
    """What is still to be sent when the session ends does not hold its place for ever."""
    client = stage.client(receive_buffer_octets=4_096)
    client.say("FLOOD 400000", "QUIT")
    stage.wait_for("receive")
    stage.pass_time(CLOSING_SECONDS_MAX)
    assert end_told(stage) == "the session ended"
    assert client.socket is not None
