"""Every way to end: half-closed peers, last words that arrive, aborts, and a server that stops (`doors.wire`)."""

import json
import socket
import struct

import pytest

from posthouse.doors import connections
from posthouse.doors.events import BugFound, SessionClosed
from unit.doors.loop import SECONDS
from unit.doors.stage import Stage


def test_a_half_closed_peer_still_gets_its_answers(stage: Stage) -> None:
    """RFC 9293 3.6: a peer that has closed its side may still read ours (`printf ... | nc` does)."""
    client = stage.greeted_client()
    client.say("ECHO one", "WAIT", "ECHO two")
    client.end_writing()
    stage.wait_for("receive")
    stage.answer("late")
    assert client.rest() == b"one\r\nanswer late\r\ntwo\r\n"


def test_a_half_closed_peer_gets_a_coroutines_answer_too(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("RUN")
    client.end_writing()
    stage.wait_for("receive")
    stage.answer("late")
    assert client.rest() == b"answer late\r\n"


def test_a_half_closed_peer_that_asked_for_nothing_is_closed(stage: Stage) -> None:
    client = stage.greeted_client()
    client.end_writing()
    assert client.rest() == b""
    stage.wait_for("closed")


def test_an_unfinished_command_ends_with_its_peer(stage: Stage) -> None:
    client = stage.greeted_client()
    client.send(b"ECHO unfinished")
    client.end_writing()
    assert client.rest() == b""


def test_octets_held_back_are_answered_after_the_end_was_heard(stage: Stage) -> None:
    """The end of the stream is taken in its turn, after what came before it."""
    client = stage.greeted_client()
    client.say("WAIT")
    stage.wait_for("receive")
    client.say("ECHO held")
    client.end_writing()
    stage.answer("first")
    assert client.rest() == b"answer first\r\nheld\r\n"


def test_a_peer_that_resets_is_simply_gone(stage: Stage) -> None:
    client = stage.greeted_client()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
    stage.wait_for("closed")
    stage.in_loop(lambda: None)
    assert json.loads(stage.journal(SessionClosed)[0])["reason"] == "the peer closed"
    assert not stage.journal(BugFound)


def test_last_words_reach_a_peer_that_goes_on_sending(stage: Stage) -> None:
    """RFC 1122 4.2.2.13: closing with octets unread resets the connection, and a reset destroys what is unread."""
    client = stage.greeted_client()
    client.say("PART")
    stage.wait_for("receive")
    for _ in range(100):
        client.send(b"x" * 10_000)
    assert client.rest() == b"550 enough\r\n"


def test_what_comes_after_the_last_words_is_thrown_away(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("PART", "ECHO never")
    stage.wait_for("receive")
    client.say("ECHO never")
    assert client.rest() == b"550 enough\r\n"
    client.socket.close()
    stage.wait_for("closed")
    assert stage.calls.empty()


def test_the_end_that_the_peer_asked_for_comes_at_once(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("QUIT", "ECHO never")
    assert client.rest() == b"221 bye\r\n"
    stage.wait_for("closed")


def test_an_abort_says_nothing_not_even_what_the_turn_had_written(stage: Stage) -> None:
    """DESIGN 5: after a failed sync no reply is given at all, for what failed may still be found after a crash."""
    client = stage.greeted_client()
    client.say("ABORT")
    assert client.hear_end()
    stage.wait_for("closed")
    stage.in_loop(lambda: None)
    assert json.loads(stage.journal(SessionClosed)[0])["reason"] == "aborted"


def stop(stage: Stage, within_seconds: float) -> None:
    stage.in_loop_await(stage.connections.shut_down(within_seconds))


def test_a_server_that_stops_takes_leave_of_idle_sessions_at_once(stage: Stage) -> None:
    """RFC 5321 3.8: 421 when the server must close; and nobody waits for who has nothing under way."""
    client = stage.greeted_client()
    stopped = stage.begin(stage.connections.shut_down(within_seconds=SECONDS))
    assert client.rest() == b"421 shutting-down\r\n"
    client.socket.close()
    stopped.result(SECONDS / 2)
    assert not len(stage.connections)


def test_a_server_that_stops_lets_an_answer_be_given(stage: Stage) -> None:
    """SIGTERM: what is in flight is finished."""
    client = stage.greeted_client()
    client.say("WAIT")
    stage.wait_for("receive")
    stopped = stage.begin(stage.connections.shut_down(within_seconds=SECONDS))
    stage.answer("committed")
    assert client.rest() == b"answer committed\r\n421 shutting-down\r\n"
    client.socket.close()
    stopped.result(SECONDS / 2)


def test_a_server_that_stops_lets_a_message_arrive(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("BEGIN")
    assert client.line() == b"begun"
    stopped = stage.begin(stage.connections.shut_down(within_seconds=SECONDS))
    client.say("ECHO more")
    assert client.line() == b"more"
    client.say("FINISH")
    assert client.rest() == b"finished\r\n421 shutting-down\r\n"
    client.socket.close()
    stopped.result(SECONDS / 2)


def test_what_is_not_finished_in_time_is_ended_with_words(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("BEGIN")
    assert client.line() == b"begun"
    stopped = stage.begin(stage.connections.shut_down(within_seconds=0.05))
    assert client.rest() == b"421 shutting-down\r\n"
    client.socket.close()
    stopped.result(SECONDS / 2)


def test_who_waits_for_an_answer_when_time_is_over_is_told_nothing(stage: Stage) -> None:
    """We do not know yet whether its message is on disk, so neither yes nor no may be said."""
    client = stage.greeted_client()
    client.say("WAIT")
    stage.wait_for("receive")
    stop(stage, within_seconds=0.05)
    assert client.hear_end()


def test_stopping_does_not_wait_for_a_peer_that_ignores_our_farewell(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LAST_WORDS_SECONDS", 0.05)
    stage.greeted_client()
    stop(stage, within_seconds=SECONDS)
    assert not len(stage.connections)
