"""Relaying: every combination of facts, against the rule written down as a table."""

import itertools

import pytest

from posthouse.message.status import Status
from posthouse.policy.relaying import Destination, RecipientFacts, SmtpDoor, judge_recipient
from posthouse.policy.verdicts import Accept, Refuse, Verdict

RECEIVER, SUBMISSION = SmtpDoor.RECEIVER, SmtpDoor.SUBMISSION
MAILBOX, NOBODY, POSTMASTER, ELSEWHERE = Destination

# (door, destination, authenticated) -> status of the refusal, None for an acceptance
EXPECTED = {
    (RECEIVER, MAILBOX, False): None,
    (RECEIVER, NOBODY, False): "5.1.1",
    (RECEIVER, POSTMASTER, False): None,
    (RECEIVER, ELSEWHERE, False): "5.7.1",
    (RECEIVER, MAILBOX, True): None,
    (RECEIVER, NOBODY, True): "5.1.1",
    (RECEIVER, POSTMASTER, True): None,
    (RECEIVER, ELSEWHERE, True): "5.7.1",    # port 25 takes mail for our domains only, whoever asks
    (SUBMISSION, MAILBOX, False): "5.7.0",
    (SUBMISSION, NOBODY, False): "5.7.0",
    (SUBMISSION, POSTMASTER, False): "5.7.0",
    (SUBMISSION, ELSEWHERE, False): "5.7.0",
    (SUBMISSION, MAILBOX, True): None,
    (SUBMISSION, NOBODY, True): "5.1.1",
    (SUBMISSION, POSTMASTER, True): None,
    (SUBMISSION, ELSEWHERE, True): None,
}


def judge(door: SmtpDoor, destination: Destination, authenticated: bool) -> Verdict:
    return judge_recipient(RecipientFacts(door, destination, peer_is_authenticated=authenticated))


def test_the_table_names_every_combination() -> None:
    """A combination that nobody thought of is where open relays come from."""
    assert set(EXPECTED) == set(itertools.product(SmtpDoor, Destination, (False, True)))


@pytest.mark.parametrize("facts", EXPECTED, ids=str)
def test_each_combination_is_judged_as_the_rule_says(facts: tuple[SmtpDoor, Destination, bool]) -> None:
    """Issue 4: port 25 takes our domains only; submission takes anywhere, from authenticated accounts."""
    verdict = judge(*facts)
    status = EXPECTED[facts]
    if status is None:
        assert isinstance(verdict, Accept)
    else:
        assert isinstance(verdict, Refuse)
        assert verdict.status == Status(status)


def test_mail_leaves_the_house_only_by_an_authenticated_submission() -> None:
    """DESIGN promise 4: never a relay for strangers."""
    ways_out = [
        (door, authenticated)
        for door in SmtpDoor
        for authenticated in (False, True)
        if isinstance(judge(door, ELSEWHERE, authenticated), Accept)
    ]
    assert ways_out == [(SUBMISSION, True)]


def test_the_bare_postmaster_is_always_reachable_from_the_world() -> None:
    """RFC 5321 4.5.1: <Postmaster> without a domain must be accepted."""
    assert judge(RECEIVER, POSTMASTER, False) == Accept(because="every host has a postmaster")


def test_submission_without_login_does_not_tell_which_mailboxes_exist() -> None:
    """RFC 6409 4.3: authentication comes first; until then all recipients are answered alike."""
    answers = {judge(SUBMISSION, destination, False) for destination in Destination}
    assert len(answers) == 1
