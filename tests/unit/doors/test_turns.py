"""One turn of a session: what it writes, what it awaits, and what becomes of a bug in it (`doors.connection`)."""

import json

from posthouse.doors.events import BugFound, SessionClosed
from unit.doors.loop import SECONDS
from unit.doors.stage import Stage


def test_a_peer_is_greeted_and_answered(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("ECHO hello")
    assert client.line() == b"hello"


def test_replies_to_pipelined_commands_leave_in_one_piece(stage: Stage) -> None:
    """RFC 2920 3.2: responses to a group of commands should be sent together, not one packet each."""
    client = stage.greeted_client()
    client.say("ECHO one", "ECHO two", "ECHO three")
    assert client.socket.recv(65_536) == b"one\r\ntwo\r\nthree\r\n"


def test_a_session_knows_its_peer_and_has_a_name_of_its_own(stage: Stage) -> None:
    """Log lines are told apart by session id (DESIGN 7)."""
    first, second = stage.greeted_client(), stage.greeted_client()
    assert [session.connection.peer.port for session in stage.sessions] == [
        first.socket.getsockname()[1], second.socket.getsockname()[1],
    ]  # fmt: skip
    assert {session.connection.peer.ip for session in stage.sessions} == {"127.0.0.1"}
    assert len({session.connection.session_id for session in stage.sessions}) == 2


def test_octets_are_held_back_while_an_answer_is_awaited(stage: Stage) -> None:
    """A command is answered before the next is taken up, however it was sent (RFC 2920 3.1; DESIGN 4)."""
    client = stage.greeted_client()
    client.say("WAIT")
    stage.wait_for("receive")
    client.say("ECHO after")
    client.say("ECHO all")
    stage.answer(1)
    assert [client.line() for _ in range(3)] == [b"answer 1", b"after", b"all"]


def test_answers_may_follow_one_another(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("WAIT", "WAIT", "ECHO done")
    stage.answer(1)
    assert client.line() == b"answer 1"
    stage.answer(2)
    assert [client.line(), client.line()] == [b"answer 2", b"done"]


def test_a_coroutine_is_run_and_answered_like_any_answer(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("RUN", "RUN", "ECHO done")
    stage.answer(1)
    assert client.line() == b"answer 1"
    stage.answer(2)
    assert [client.line(), client.line()] == [b"answer 2", b"done"]


def test_a_coroutine_is_cancelled_when_its_connection_ends(stage: Stage) -> None:
    """Nothing runs on for a peer that is gone."""
    client = stage.greeted_client()
    client.say("RUN")
    stage.answers.get(timeout=SECONDS)
    stage.in_loop(stage.sessions[0].connection.abort)
    stage.wait_for("cancelled")


def test_a_second_coroutine_at_the_same_time_is_a_bug(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("RUN_TWICE")
    assert client.line() == b"421 bug"
    assert b"one coroutine at a time" in stage.journal(BugFound)[0]


def test_an_answer_that_comes_after_the_end_reaches_nobody(stage: Stage) -> None:
    """The commit went on without its peer (RFC 1047): its future is not cancelled, and the session is not called."""
    client = stage.greeted_client()
    client.say("WAIT")
    future = stage.answers.get(timeout=SECONDS)
    client.socket.close()
    stage.in_loop(stage.sessions[0].connection.abort)
    stage.wait_for("closed")
    stage.in_loop(lambda: future.set_exception(ValueError("nobody looks at this")))
    assert not future.cancelled()
    assert stage.calls.empty()


def test_an_answer_that_others_cancel_ends_the_connection_without_a_word(stage: Stage) -> None:
    """Nobody knows what became of it, so nothing may be said about it (DESIGN 5, failed sync)."""
    client = stage.greeted_client()
    client.say("WAIT")
    future = stage.answers.get(timeout=SECONDS)
    stage.in_loop(future.cancel)
    assert client.hear_end()


def test_a_wake_from_outside_is_a_turn_like_any_other(stage: Stage) -> None:
    """A mailbox that changes wakes idle sessions (RFC 2177): what they say leaves in one piece, and bugs are caught."""
    client = stage.greeted_client()
    session = stage.sessions[0]

    def woken() -> None:
        session.say("* 1 EXISTS")
        session.say("* 1 RECENT")

    stage.in_loop(lambda: session.connection.call(woken))
    assert client.socket.recv(65_536) == b"* 1 EXISTS\r\n* 1 RECENT\r\n"
    stage.in_loop(lambda: session.connection.call(session.do_fail, "woken"))
    assert [client.line(), client.line()] == [b"about to fail", b"421 bug"]


def test_nothing_is_called_after_the_end(stage: Stage) -> None:
    client = stage.greeted_client()
    session = stage.sessions[0]
    client.say("QUIT")
    assert client.rest() == b"221 bye\r\n"
    stage.wait_for("closed")
    stage.in_loop(lambda: session.connection.call(session.do_fail, "after the end"))
    stage.in_loop(lambda: session.connection.write(b"too late"))
    assert stage.calls.empty()
    assert not stage.journal(BugFound)


def test_a_bug_is_journalled_once_and_the_peer_hears_a_transient_failure(stage: Stage) -> None:
    """DESIGN 7.5: caught once, at the session boundary; logged with traceback and session id; never a permanent 5yz."""
    client = stage.greeted_client()
    client.say("ECHO before", "FAIL secret-of-ours", "ECHO never")
    assert client.rest() == b"before\r\nabout to fail\r\n421 bug\r\n"
    (line,) = stage.journal(BugFound)
    told = json.loads(line)
    assert "ZeroDivisionError: secret-of-ours" in told["traceback"]
    assert "in do_fail" in told["traceback"]
    assert told["session"] == stage.sessions[0].connection.session_id


def test_an_internal_error_says_nothing_of_itself_to_the_peer(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("FAIL secret-of-ours")
    assert b"secret-of-ours" not in client.rest()


def test_a_bug_in_the_last_words_still_ends_the_connection(stage: Stage) -> None:
    stage.last_words_fail = True
    client = stage.greeted_client()
    client.say("FAIL first")
    assert client.line() == b"about to fail"
    assert client.hear_end()
    assert len(stage.journal(BugFound)) == 2


def test_a_bug_while_an_answer_is_taken_is_caught_too(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("WAIT")
    stage.answer(ZeroDivisionError("the answer is an exception"))
    assert client.line() == b"421 bug"


def test_a_bug_leaves_the_other_sessions_alone(stage: Stage) -> None:
    failing, other = stage.greeted_client(), stage.greeted_client()
    failing.say("FAIL")
    failing.rest()
    other.say("ECHO still here")
    assert other.line() == b"still here"


def test_the_end_of_a_session_is_told_once_with_what_passed(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("QUIT")
    client.rest()
    client.socket.close()
    stage.wait_for("closed")
    stage.in_loop(lambda: None)
    (line,) = stage.journal(SessionClosed)
    told = json.loads(line)
    assert (told["octets_received"], told["octets_sent"]) == (len("QUIT\r\n"), len("220 welcome\r\n221 bye\r\n"))
    assert told["reason"] == "the session ended"
    assert stage.calls.empty()
