"""Port 25: whose mail is taken, and what is said of the rest (RFC 5321, RFC 3463)."""

import pytest

from posthouse.directory.accounts import Role, add_account
from posthouse.directory.domains import add_domain
from posthouse.message.address import Domain, parse_address
from posthouse.protocol.smtp.settings import ServerSettings
from unit.doors.house import OCCASION
from unit.doors.smtp.house import ADA, BOB, CAROL, FRIEND, HELLO, House, lead_in_circles


def test_a_mail_as_rfc_5321_shows_one_is_taken(house: House) -> None:
    """RFC 5321 D.1, with the statuses of RFC 3463."""
    house.client().play(
        """
        S: 220 mail.example.org ESMTP
        C: EHLO client.example
        S: 250-mail.example.org
        C: MAIL FROM:<eve@elsewhere.example>
        S: 250 2.1.0
        C: RCPT TO:<ada@example.org>
        S: 250 2.1.5
        C: RCPT TO:<green@example.org>
        S: 550 5.1.1
        C: DATA
        S: 354
        C: Subject: hello
        C:
        C: Good day.
        C: .
        S: 250 2.0.0 message accepted as
        C: QUIT
        S: 221 2.0.0
        """
    )
    (message,) = house.inbox()
    assert message.endswith(b"\r\nSubject: hello\r\n\r\nGood day.\r\n")


def test_only_what_is_offered_is_announced(house: House) -> None:
    """Issue 4: an extension is announced in the issue that honours it; a password is never asked for in the clear."""
    announced = {
        door: house.peer(door).ask("EHLO client.example").decode().split("\n")[1:]
        for door in ("smtp", "submission", "submissions")
    }
    common = ["250-PIPELINING", "250-SIZE 52428800", "250-8BITMIME"]
    assert announced == {
        "smtp": [*common, "250-ENHANCEDSTATUSCODES", "250 STARTTLS"],
        "submission": [*common, "250-ENHANCEDSTATUSCODES", "250 STARTTLS"],
        "submissions": [*common, "250-ENHANCEDSTATUSCODES", "250 AUTH PLAIN LOGIN"],
    }


@pytest.mark.parametrize(
    ("forward_path", "readers"),
    [
        ("ada@example.org", [ADA]),
        ("ADA@Example.ORG", [ADA]),
        ("ada+lists@example.org", [ADA]),
        ('"ada"@example.org', [ADA]),
        ('"a\\da"@example.org', [ADA]),
        ("@relay.example,@other.example:ada@example.org", [ADA]),
        ("carol@example.com", [CAROL]),
        ("sales@example.org", [ADA]),
        ("Sales+north@example.org", [ADA]),
        ("team@example.org", [ADA, BOB]),
        ("everybody@example.org", [ADA, BOB, CAROL]),
        ("Postmaster", [ADA]),
        ("postMASTER", [ADA]),
        ("postmaster@example.org", [ADA]),
        ("abuse@example.org", [ADA]),
        ("Abuse@example.com", [CAROL]),
    ],
)
def test_mail_for_an_address_of_ours_reaches_whom_it_is_for(
    house: House, forward_path: str, readers: list[str]
) -> None:
    """RFC 5321 2.4, 4.1.2, 4.5.1, appendix C; RFC 5233; RFC 2142 4: as DESIGN 5 has addresses compare."""
    assert house.peer().deliver(HELLO, forward_path).startswith(b"250 2.0.0 ")
    assert [address for address in (ADA, BOB, CAROL) if house.inbox(address)] == readers


@pytest.mark.parametrize(
    "forward_path",
    ["nobody@example.org", "carol@example.org", "ada.lists@example.org", "adam@example.org", '"ada "@example.org'],
)
def test_an_unknown_user_is_refused_at_rcpt(house: House, forward_path: str) -> None:
    """RFC 5321 3.6.2: refused while the client still holds the mail, so no notice is sent to a forger's victim."""
    sender, recipient = house.peer().begin(forward_path)
    assert sender.startswith(b"250 2.1.0 ")
    assert recipient == b"550 5.1.1 no such mailbox here"


@pytest.mark.parametrize(
    "forward_path",
    [
        FRIEND,
        "ada@sub.example.org",
        "ada@example.org.elsewhere.example",
        "ada%elsewhere.example@elsewhere.example",
        "ada@[127.0.0.1]",
        "postmaster@elsewhere.example",
        "@example.org:friend@elsewhere.example",
    ],
)
def test_nothing_is_relayed_for_strangers(house: House, forward_path: str) -> None:
    """DESIGN 1.4, RFC 5321 7.9; the last is a source route through us, to be ignored (appendix C)."""
    peer = house.peer()
    assert peer.begin(forward_path)[1].startswith(b"550 5.7.1 ")
    assert peer.ask("DATA").startswith(b"503 5.5.1 ")
    assert house.is_empty()


@pytest.mark.parametrize(
    "forward_path",
    [
        "friend%elsewhere.example@example.org",
        "elsewhere.example!friend@example.org",
        '"friend@elsewhere.example"@example.org',
    ],
)
def test_a_local_part_is_never_an_address_to_relay_to(house: House, forward_path: str) -> None:
    """RFC 5321 2.3.11: a local part means what its own host says, and to us the percent hack means nothing."""
    assert house.peer().begin(forward_path)[1].startswith(b"550 5.1.1 ")


def test_the_null_reverse_path_is_taken(house: House) -> None:
    """RFC 5321 4.5.5: notices come with it; refusing them breaks everybody's mail."""
    assert house.peer().deliver(HELLO, ADA, reverse_path="").startswith(b"250 ")
    assert house.inbox()[0].startswith(b"Return-Path: <>\r\n")


def test_an_alias_that_leads_elsewhere_is_ours_to_relay(house: House) -> None:
    """The stranger asked for an address of ours; where it leads is our business (RFC 5321 3.9.1)."""
    assert house.peer().deliver(HELLO, "out@example.org").startswith(b"250 ")
    (queued,) = house.queue()
    assert queued.forward_paths == [FRIEND]
    assert queued.entry.reverse_path == "eve@elsewhere.example"


def test_an_alias_that_leads_round_in_circles_defers(house: House) -> None:
    """DESIGN 1.3: the fault is ours, so nobody's mail is bounced for it."""
    lead_in_circles(house, "snake@example.org", "tail@example.org")
    _, refused, taken = house.peer().begin("snake@example.org", ADA)
    assert refused.startswith(b"451 4.3.5 ")
    assert taken.startswith(b"250 2.1.5 ")


def test_postmaster_of_a_domain_without_accounts_defers(house: House) -> None:
    """RFC 5321 4.5.1: it must exist, so "no such mailbox" would be a lie, and it will soon have somebody behind it."""
    house.write(add_domain, Domain("new.example"), OCCASION)
    peer = house.peer()
    assert [said[:10] for said in peer.begin("postmaster@new.example", "ada@new.example")[1:]] == [
        b"451 4.3.5 ", b"550 5.1.1 "
    ]    # fmt: skip


def test_a_change_of_the_directory_is_seen_at_once(house: House) -> None:
    """Issue 4: a running server sees each change at once."""
    peer = house.peer()
    assert peer.begin("dave@example.org")[1].startswith(b"550 5.1.1 ")
    house.write(add_account, parse_address("dave@example.org"), None, Role.USER, OCCASION)
    assert peer.ask("RCPT TO:<dave@example.org>").startswith(b"250 2.1.5 ")


@pytest.mark.parametrize("argument", ["ada", "ada@example.org", "nobody@example.org", "<ada@example.org>", "team", "%"])
@pytest.mark.parametrize("command", ["VRFY", "EXPN"])
def test_nobody_learns_who_lives_here(house: House, command: str, argument: str) -> None:
    """RFC 5321 3.5.3, 7.3: the same words, whoever is asked for."""
    said = house.client()
    assert said.reply().startswith(b"220 ")
    assert said.ask(f"{command} {argument}") == b"252 2.0.0 will not verify; send mail to it and we will try our best"


def test_no_login_is_offered_where_the_worlds_mail_comes_in(house: House) -> None:
    """RFC 6409: accounts submit at 587 and 465; a password said here helps only who listens."""
    assert house.peer().ask("AUTH PLAIN AGFkYQBzZWNyZXQ=").startswith(b"502 5.5.1 ")
    assert house.under_tls("smtp").ask("AUTH PLAIN AGFkYQBzZWNyZXQ=").startswith(b"502 5.5.1 ")


def test_a_recipient_too_many_is_deferred_and_the_others_are_served(house: House) -> None:
    """RFC 5321 4.5.3.1.10: 452, and the client sends the rest in another transaction."""
    peer = house.peer()
    peer.say("MAIL FROM:<eve@elsewhere.example>", *[f"RCPT TO:<ada+{number}@example.org>" for number in range(1_001)])
    replies = [peer.reply() for _ in range(1_002)]
    assert all(said.startswith(b"250 ") for said in replies[:1_001])
    assert replies[1_001].startswith(b"452 4.5.3 ")
    assert peer.transmit(HELLO).startswith(b"250 ")
    assert len(house.inbox()) == 1


def test_two_transactions_do_not_mix(house: House) -> None:
    """RFC 5321 4.1.1.5, 4.1.4: RSET and a new EHLO forget sender and recipients."""
    peer = house.peer()
    for forgetting in ("RSET", "EHLO client.example"):
        peer.begin(BOB)
        assert peer.ask(forgetting).startswith(b"250")
        assert peer.ask("RCPT TO:<ada@example.org>").startswith(b"503 5.5.1 ")
    peer.deliver(HELLO, ADA)
    assert not house.inbox(BOB)
    assert len(house.inbox(ADA)) == 1


def test_many_mails_come_in_one_session(house: House) -> None:
    """RFC 5321 3.3: each its own identifier, by which our log and history know it."""
    peer = house.peer()
    said = [peer.deliver(HELLO, ADA) for _ in range(3)]
    assert len(set(said)) == 3
    assert len(house.inbox()) == 3


def test_whole_mails_in_one_packet_are_answered_in_order(house: House) -> None:
    """RFC 2920 3.1 has DATA be the last of a group; who sends on without waiting gets no wrong answer all the same."""
    peer = house.peer()
    peer.send(
        b"MAIL FROM:<eve@elsewhere.example>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\nSubject: a\r\n\r\na\r\n.\r\n"
        b"MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: b\r\n\r\nb\r\n.\r\nNOOP\r\nQUIT\r\n"
    )
    said = [peer.reply()[:3] for _ in range(10)]
    assert said == [b"250", b"250", b"354", b"250", b"250", b"250", b"354", b"250", b"250", b"221"]
    assert house.inbox(ADA)[0].endswith(b"\r\n\r\na\r\n")
    assert house.inbox(BOB)[0].endswith(b"\r\n\r\nb\r\n")


def test_a_declared_size_over_the_limit_is_refused_at_mail(build) -> None:
    """RFC 1870 6.1."""
    peer = build(settings=ServerSettings("", message_size_octets_max=100_000)).peer()
    assert peer.ask("MAIL FROM:<eve@elsewhere.example> SIZE=100001").startswith(b"552 5.3.4 ")
    assert peer.ask("MAIL FROM:<eve@elsewhere.example> SIZE=100000").startswith(b"250 ")


def test_a_body_of_eight_bits_is_kept_octet_for_octet(house: House) -> None:
    """RFC 6152: and who says nothing of BODY and sends them anyway loses nothing either."""
    eight_bits = HELLO + bytes(octet for octet in range(1, 256) if octet not in b"\r\n") + b"\r\n"
    peer = house.peer()
    peer.begin(ADA, parameters=" BODY=8BITMIME")
    assert peer.transmit(eight_bits).startswith(b"250 ")
    assert peer.deliver(eight_bits, ADA).startswith(b"250 ")
    assert all(message.endswith(eight_bits) for message in house.inbox())


def test_dots_at_the_beginning_of_lines_come_through(house: House) -> None:
    """RFC 5321 4.5.2."""
    dotted = HELLO + b".\r\n..\r\n...three\r\n.end\r\n"
    house.peer().deliver(dotted, ADA)
    assert house.inbox()[0].endswith(dotted)
