"""The law of a session: every pair of phase and command, and of phase and answer."""

import itertools
import typing

import pytest

from posthouse.protocol.pop3.answers import Answer, MailboxUpdated, MessageFollows
from posthouse.protocol.pop3.commands import Command, Retr
from posthouse.protocol.pop3.states import ANSWERS, COMMANDS, WAITING, Phase

COMMAND_TYPES = typing.get_args(Command)
ANSWER_TYPES = typing.get_args(Answer)

# RFC 1939 9, RFC 2449, RFC 2595 and RFC 5034, written down a second time: where each command is valid.
BEFORE = {"Capa", "User", "Auth", "Apop", "Stls", "Quit"}
AFTER = {"Capa", "Stat", "List", "ListAll", "Uidl", "UidlAll", "Retr", "Top", "Dele", "Noop", "Rset", "Quit"}
VALID = {Phase.AUTHORIZATION: BEFORE, Phase.NAMED: BEFORE | {"Pass"}, Phase.TRANSACTION: AFTER}


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_knows_its_commands_and_no_other(phase: Phase) -> None:
    legal = {command.__name__ for command in COMMAND_TYPES if (phase, command) in COMMANDS}
    assert legal == VALID.get(phase, set())


def test_no_command_is_read_while_an_answer_is_awaited() -> None:
    """RFC 2449 6.6: pipelined commands are carried out one after another."""
    assert not WAITING & {phase for phase, _ in COMMANDS}


def test_an_answer_is_legal_only_where_it_is_awaited() -> None:
    assert {phase for phase, _ in ANSWERS} == {Phase.JUDGING, Phase.FETCHING, Phase.UPDATE}
    assert {answer for _, answer in ANSWERS} == set(ANSWER_TYPES)


def test_messages_and_deletions_are_for_those_who_logged_in() -> None:
    """RFC 1939 4, 5: no way leads to a message or to UPDATE but through JUDGING."""
    reachable, before = {Phase.AUTHORIZATION}, set()
    while reachable != before:
        before = set(reachable)
        reachable |= {to for (phase, _), to in COMMANDS.items() if phase in before and phase is not Phase.JUDGING}
    assert not reachable & {Phase.TRANSACTION, Phase.FETCHING, Phase.SENDING, Phase.UPDATE}


def test_every_phase_is_reached_and_left() -> None:
    """EXCHANGING, SENDING and UPGRADING are left by a response, the last octet and the handshake."""
    ways = list(itertools.chain(COMMANDS.items(), ANSWERS.items()))
    reached = {to for _, to in ways} | {Phase.AUTHORIZATION, Phase.JUDGING}
    left = {phase for (phase, _), _ in ways} | {Phase.EXCHANGING, Phase.SENDING, Phase.UPGRADING}
    assert reached == set(Phase)
    assert left == set(Phase) - {Phase.CLOSED}
    assert COMMANDS[Phase.TRANSACTION, Retr] is Phase.FETCHING
    assert ANSWERS[Phase.FETCHING, MessageFollows] is Phase.SENDING
    assert ANSWERS[Phase.UPDATE, MailboxUpdated] is Phase.CLOSED
