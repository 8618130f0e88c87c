"""Who is let in at the POP3 door, by which ways, and what everybody else hears (RFC 1939 7, 5034, 3206; RFC 8314)."""

import base64
import poplib
from collections.abc import Callable

import pytest

from posthouse.doors.pop3.answers import login_refusal
from posthouse.doors.pop3.services import Pop3Settings
from posthouse.login.errors import LoginBusy, LoginRefused, LoginShutOut
from posthouse.policy.rates import DEFAULT_THROTTLE
from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.answers import LoginRefusal
from unit.doors.house import PASSWORD
from unit.doors.pop3.house import ADA, House
from unit.doors.stage import Client

PLAIN = base64.b64encode(f"\0{ADA}\0{PASSWORD}".encode()).decode()


def heard(client: Client, *lines: str) -> list[bytes]:
    """Say lines at once; one line of answer to each."""
    client.say(*lines)
    return [client.line() for _ in lines]


def test_a_name_and_its_password_open_the_maildrop(house: House) -> None:
    house.put(b"Subject: one\r\n\r\n")
    client = house.client()
    assert heard(client, f"USER {ADA}", f"PASS {PASSWORD}") == [
        b"+OK now PASS", b"+OK maildrop has 1 messages (16 octets)",
    ]    # fmt: skip


def test_plain_opens_it_too_with_and_without_an_initial_response(house: House) -> None:
    """RFC 5034 4."""
    client = house.client()
    assert heard(client, f"AUTH PLAIN {PLAIN}")[0].startswith(b"+OK maildrop")
    client = house.client()
    assert heard(client, "AUTH PLAIN", PLAIN) == [b"+ ", b"+OK maildrop has 0 messages (0 octets)"]


def test_a_login_that_was_verified_is_known_again(house: House) -> None:
    """The second one needs no look by argon2, and is answered in the turn that asks."""
    house.logged_in()
    client = house.client()
    assert heard(client, f"USER {ADA}", f"PASS {PASSWORD}", "STAT")[1:] == [
        b"+OK maildrop has 0 messages (0 octets)", b"+OK 0 0",
    ]    # fmt: skip


def test_commands_behind_the_password_wait_until_it_is_looked_at(house: House) -> None:
    """RFC 2449 6.6: pipelining, though argon2 takes its time."""
    client = house.client()
    client.say(f"USER {ADA}", f"PASS {PASSWORD}", "STAT", "QUIT")
    assert client.rest() == (
        b"+OK now PASS\r\n+OK maildrop has 0 messages (0 octets)\r\n+OK 0 0\r\n+OK goodbye, 0 messages deleted\r\n"
    )


def test_a_wrong_password_and_an_unknown_name_hear_the_same(house: House) -> None:
    client = house.client()
    wrong = heard(client, f"USER {ADA}", "PASS wrong")[1]
    unknown = heard(client, "USER nobody@example.org", f"PASS {PASSWORD}")[1]
    assert wrong == unknown == replies.LOGIN_REFUSALS[LoginRefusal.WRONG].strip()
    assert heard(client, "STAT") == [replies.LOG_IN_FIRST.strip()]


def test_a_right_password_after_a_wrong_one_is_taken(house: House) -> None:
    client = house.client()
    heard(client, f"USER {ADA}", "PASS wrong")
    assert heard(client, f"USER {ADA}", f"PASS {PASSWORD}")[1].startswith(b"+OK")


def test_too_many_wrong_passwords_shut_the_account_to_the_network(house: House) -> None:
    """One login for every door: the throttle is its own, the words are ours (RFC 3206 4: not the password's fault)."""
    client = house.client()
    for number in range(DEFAULT_THROTTLE.failures_max):
        heard(client, f"USER {ADA}", f"PASS wrong {number}")
    assert heard(client, f"USER {ADA}", f"PASS {PASSWORD}")[1] == (
        replies.LOGIN_REFUSALS[LoginRefusal.SHUT_OUT].strip()
    )


def test_who_only_guesses_is_sent_away(build: Callable[..., House]) -> None:
    """Refused logins count as mistakes; 20 end the session."""
    client = build().client()
    client.say(*(line for number in range(20) for line in (f"USER {ADA}", f"PASS wrong {number}")))
    assert client.rest().endswith(replies.TOO_MANY_MISTAKES)


def test_no_password_is_taken_in_the_clear(build: Callable[..., House]) -> None:
    """RFC 8314 4.1; only --dev says otherwise, and serves loopback alone."""
    client = build(settings=Pop3Settings()).client()
    assert heard(client, f"USER {ADA}", f"PASS {PASSWORD}", f"AUTH PLAIN {PLAIN}") == [
        replies.TLS_NEEDED.strip(), replies.USER_FIRST.strip(), replies.TLS_NEEDED.strip(),
    ]    # fmt: skip


def test_python_logs_in_and_is_refused(house: House) -> None:
    client = poplib.POP3_SSL("127.0.0.1", house.ports["pop3s"], context=house.tls_context())
    client.user(ADA)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        client.pass_("wrong")
    client.user(ADA)
    assert client.pass_(PASSWORD).startswith(b"+OK")
    client.quit()


def test_an_account_that_loses_its_mailboxes_amid_the_login_is_told_to_come_again(house: House) -> None:
    house.logged_in()
    house.write(lambda tx: tx.execute("DELETE FROM counter"))
    client = house.client()
    assert heard(client, f"USER {ADA}", f"PASS {PASSWORD}")[1] == replies.LOGIN_REFUSALS[LoginRefusal.BUSY].strip()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (LoginRefused(), LoginRefusal.WRONG),
        (LoginShutOut(60.0), LoginRefusal.SHUT_OUT),
        (LoginBusy("queue full"), LoginRefusal.BUSY),
    ],
)
def test_every_way_in_which_a_login_fails_has_its_words(error: LoginRefused, why: LoginRefusal) -> None:
    assert login_refusal(error) is why
