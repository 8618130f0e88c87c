"""TLS and logins at the submission doors (RFC 3207, RFC 4954, RFC 6409, RFC 8314)."""

import threading

import pytest

from posthouse.directory.credentials import set_password
from unit.doors.house import CHEAP, OCCASION, PASSWORD
from unit.doors.smtp.client import encoded, plain
from unit.doors.smtp.house import ADA, APPLICATION_PASSWORDS, BOB, WORKERS_AT_ONCE, House


def test_submission_demands_tls_then_a_login(house: House) -> None:
    """RFC 6409 4.3, RFC 4954 4 and 6, RFC 3207 4."""
    peer = house.peer("submission")
    assert peer.ask("MAIL FROM:<ada@example.org>").startswith(b"530 5.7.0 must issue a STARTTLS ")
    assert peer.ask(f"AUTH PLAIN {plain(ADA, PASSWORD)}").startswith(b"538 5.7.11 ")
    peer = house.under_tls()
    assert peer.ask("MAIL FROM:<ada@example.org>").startswith(b"530 5.7.0 authentication required")
    assert peer.ask("RCPT TO:<ada@example.org>").startswith(b"503 5.5.1 ")
    assert peer.ask("DATA").startswith(b"503 5.5.1 ")
    assert peer.log_in(ADA, PASSWORD).startswith(b"235 2.7.0 ")
    assert peer.ask("MAIL FROM:<ada@example.org>").startswith(b"250 2.1.0 ")


@pytest.mark.parametrize("door", ["submission", "submissions"])
@pytest.mark.parametrize(
    "exchange",
    [
        [("AUTH PLAIN " + plain(ADA, PASSWORD), b"235 2.7.0 ")],
        [("auth plain", b"334 "), (plain(ADA, PASSWORD), b"235 2.7.0 ")],
        [("AUTH PLAIN " + plain(ADA, PASSWORD, acting_for=ADA), b"235 2.7.0 ")],
        [("AUTH LOGIN", b"334 VXNlcm5hbWU6"), (encoded(ADA), b"334 UGFzc3dvcmQ6"), (encoded(PASSWORD), b"235 2.7.0 ")],
        [("AUTH LOGIN " + encoded(ADA), b"334 UGFzc3dvcmQ6"), (encoded(PASSWORD), b"235 2.7.0 ")],
        [("AUTH PLAIN " + plain("ADA@Example.org", PASSWORD), b"235 2.7.0 ")],
        [("AUTH PLAIN " + plain(ADA, APPLICATION_PASSWORDS[ADA]), b"235 2.7.0 ")],
        [("AUTH PLAIN " + plain(ADA, "wrong"), b"535 5.7.8 "), ("AUTH PLAIN " + plain(ADA, PASSWORD), b"235 2.7.0 ")],
        [("AUTH PLAIN " + plain("nobody@example.org", PASSWORD), b"535 5.7.8 name or password is wrong")],
        [("AUTH PLAIN " + plain(ADA, ""), b"501 5.5.2 ")],
        [("AUTH PLAIN " + plain(BOB, PASSWORD, acting_for=ADA), b"535 5.7.8 name or password is wrong")],
        [("AUTH PLAIN " + plain(ADA, APPLICATION_PASSWORDS[BOB]), b"535 5.7.8 ")],
        [("AUTH PLAIN", b"334 "), ("*", b"501 5.7.0 "), ("NOOP", b"250 ")],
        [("AUTH LOGIN", b"334 "), (encoded(ADA), b"334 "), ("*", b"501 5.7.0 "), ("NOOP", b"250 ")],
        [("AUTH PLAIN !", b"501 5.5.2 "), ("AUTH CRAM-MD5", b"504 5.5.4 "), ("AUTH", b"501 5.5.4 ")],
    ],
)
def test_who_is_let_in_and_who_is_not(house: House, door: str, exchange: list[tuple[str, bytes]]) -> None:
    """RFC 4954 4, RFC 4616 2: which of name and password is wrong is never told."""
    peer = house.under_tls() if door == "submission" else house.peer(door)
    for said, heard in exchange:
        assert peer.ask(said).startswith(heard)


def test_an_authentication_line_may_be_long_and_has_a_limit(house: House) -> None:
    """RFC 4954 4: 12,288 octets, line end included."""
    peer = house.peer("submissions")
    assert peer.ask("AUTH PLAIN " + "A" * 12_272).startswith(b"501 5.5.2 ")
    assert peer.ask("AUTH PLAIN " + "A" * 12_276).startswith(b"500 5.5.2 ")
    assert peer.ask("AUTH PLAIN").startswith(b"334 ")
    assert peer.ask("A" * 12_288).startswith(b"500 5.5.6 ")
    assert peer.log_in(ADA, PASSWORD).startswith(b"235 ")


def test_a_second_login_is_refused(house: House) -> None:
    """RFC 4954 4: after a success no more AUTH, and none within a transaction."""
    peer = house.submitter()
    assert peer.log_in(BOB, PASSWORD).startswith(b"503 5.5.1 authenticated already")
    peer.begin(BOB, reverse_path=ADA)
    assert peer.log_in(BOB, PASSWORD).startswith(b"503 5.5.1 ")


def test_what_was_said_before_tls_is_forgotten(house: House) -> None:
    """RFC 3207 4.2: EHLO must be said again, and a transaction that was open is void."""
    peer = house.peer("smtp")
    assert peer.ask("STARTTLS").startswith(b"220 2.0.0 ")
    house.secure(peer)
    assert peer.ask("MAIL FROM:<eve@elsewhere.example>").startswith(b"503 5.5.1 ")
    assert b"STARTTLS" not in peer.ask("EHLO client.example")
    assert peer.ask("STARTTLS").startswith(b"503 5.5.1 TLS is on already")


@pytest.mark.parametrize("door", ["smtp", "submission"])
@pytest.mark.parametrize("injected", [b"NOOP\r\n", b"X", b"EHLO evil.example\r\nMAIL FROM:<a@b.example>\r\n"])
def test_commands_injected_behind_starttls_end_the_session(house: House, door: str, injected: bytes) -> None:
    """RFC 3207 6, CVE-2011-0411: said in the clear, they would be taken for the client's under TLS."""
    peer = house.peer(door)
    peer.send(b"STARTTLS\r\n" + injected)
    assert peer.reply().startswith(b"501 5.5.4 ")
    assert peer.hear_end()


def test_a_wrong_password_is_held_back_and_then_shut_out(house: House) -> None:
    """Issue 4: failures slow the peer, then shut (account, network) out; 421, for the session is of no use any more."""
    wrong = [plain(ADA, f"wrong{number}") for number in range(10)]
    peer = house.peer("submissions")
    assert [peer.ask(f"AUTH PLAIN {credentials}")[:9] for credentials in wrong] == [b"535 5.7.8"] * 10
    assert peer.log_in(ADA, PASSWORD).startswith(b"421 4.7.0 ")
    assert peer.hear_end()
    assert house.peer("submissions").log_in(BOB, PASSWORD).startswith(b"235 ")
    house.pass_time(901)
    assert house.peer("submissions").log_in(ADA, PASSWORD).startswith(b"235 ")


def test_a_changed_password_is_good_at_once_and_the_old_one_is_not(house: House) -> None:
    """Issue 4: a cache of verified logins that a password change makes useless."""
    assert house.peer("submissions").log_in(ADA, PASSWORD).startswith(b"235 ")
    house.write(set_password, house.accounts[ADA], CHEAP.hash("battery staple"), OCCASION)
    peer = house.peer("submissions")
    assert peer.log_in(ADA, PASSWORD).startswith(b"535 ")
    assert peer.log_in(ADA, "battery staple").startswith(b"235 ")


def test_a_login_too_many_at_once_is_deferred(house: House) -> None:
    """RFC 4954 6: 454 4.7.0 is a temporary failure, so that the mail program does not ask for another password."""
    done = threading.Event()

    def fill() -> None:
        for _ in range(WORKERS_AT_ONCE):
            house.workers.run(done.wait)

    house.in_loop(fill)
    peer = house.peer("submissions")
    assert peer.log_in(ADA, PASSWORD).startswith(b"454 4.7.0 ")
    assert peer.log_in(ADA, APPLICATION_PASSWORDS[ADA]).startswith(b"235 "), "which needs no thread"
    done.set()


def test_nobody_is_let_in_while_the_directory_does_not_answer(house: House) -> None:
    """DESIGN 1.3: a failure of ours is transient; it says nothing about the password."""
    house.break_the_directory()
    assert house.peer("submissions").log_in(ADA, PASSWORD).startswith(b"454 4.7.0 ")
