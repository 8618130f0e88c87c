"""What the arguments of commands say (RFC 5321 4.1)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.address import NULL_REVERSE_PATH, POSTMASTER, Address, Domain
from posthouse.message.envelope import BodyType
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.commands import read_auth, read_hello, read_mail, read_rcpt
from posthouse.protocol.smtp.events import AuthRequested, MailReceived, RcptReceived
from posthouse.protocol.smtp.replies import Reply
from posthouse.protocol.smtp.settings import EHLO_NAME_OCTETS_MAX, ServerSettings

PLAIN = ServerSettings("mx.example.org")
WITH_AUTH = ServerSettings("mx.example.org", mechanisms=("PLAIN",))
ALICE = Address("alice", Domain("client.example"))


@pytest.mark.parametrize(("argument", "expected"), [
    (b"FROM:<alice@client.example>", MailReceived(ALICE, BodyType.SEVEN_BIT, None)),
    (b"FROM:<>", MailReceived(NULL_REVERSE_PATH, BodyType.SEVEN_BIT, None)),
    (b"from: <alice@client.example>", MailReceived(ALICE, BodyType.SEVEN_BIT, None)),
    (b"fRoM:<alice@client.example>", MailReceived(ALICE, BodyType.SEVEN_BIT, None)),
    (b"FROM:<@relay.example:alice@client.example>", MailReceived(ALICE, BodyType.SEVEN_BIT, None)),
    (b'FROM:<"alice"@client.example>', MailReceived(ALICE, BodyType.SEVEN_BIT, None)),
    (b"FROM:<alice@client.example> SIZE=0", MailReceived(ALICE, BodyType.SEVEN_BIT, 0)),
    (b"FROM:<alice@client.example>  size=007  body=8BitMime", MailReceived(ALICE, BodyType.EIGHT_BIT_MIME, 7)),
    (b"FROM:<alice@client.example> BODY=8BITMIME SIZE=7", MailReceived(ALICE, BodyType.EIGHT_BIT_MIME, 7)),
    (b'FROM:<"a > b"@client.example> BODY=7BIT',
     MailReceived(Address("a > b", Domain("client.example")), BodyType.SEVEN_BIT, None)),
])
def test_mail_names_the_reverse_path_and_its_parameters(argument: bytes, expected: MailReceived) -> None:
    """RFC 5321 4.1.1.2, RFC 1870 3, RFC 6152 2."""
    assert read_mail(argument, PLAIN) == expected


SPELLINGS = list(itertools.product(
    [b"<alice@client.example>", b"<>", b"<a..b@client.example>", b"<postmaster>", b'<"x y"@client.example>',
     b"<a@b@c>"],
    [b"", b" SIZE=5", b" SIZE=99999999999", b" SIZE=x"], [b"", b" BODY=7BIT", b" BODY=8BITMIME", b" BODY=9BIT"],
))


@pytest.mark.parametrize(("path", "size", "body_type"), SPELLINGS)
def test_the_usual_spelling_and_an_unusual_one_mean_the_same(path: bytes, size: bytes, body_type: bytes) -> None:
    """One regex reads what nearly every client writes; the other spelling goes the long way."""
    usual = read_mail(b"FROM:" + path + size + body_type, PLAIN)
    assert usual == read_mail(b"fROM:  " + path + body_type.lower() + size.lower() + b" ", PLAIN)
    assert read_rcpt(b"TO:" + path) == read_rcpt(b"tO: " + path)


@pytest.mark.parametrize("parameter", [
    b"AUTH=<>", b"AUTH=alice@client.example", b"AUTH=a+2Bb@client.example", b"auth=<>",
])
def test_auth_is_ignored_where_auth_is_announced_and_unknown_elsewhere(parameter: bytes) -> None:
    """RFC 4954 5: whom the client trusts says nothing to us, but the parameter must be taken."""
    argument = b"FROM:<alice@client.example> " + parameter
    assert read_mail(argument, WITH_AUTH) == MailReceived(ALICE, BodyType.SEVEN_BIT, None)
    assert read_mail(argument, PLAIN) is replies.PARAMETER_UNKNOWN


@pytest.mark.parametrize("parameter", [b"AUTH", b"AUTH=+2b", b"AUTH=+", b"AUTH==", b"AUTH=<> AUTH=<>", b"AUTH=\x07"])
def test_a_malformed_auth_parameter_is_refused(parameter: bytes) -> None:
    """RFC 4954 5, RFC 3461 4: the value is xtext."""
    assert read_mail(b"FROM:<alice@client.example> " + parameter, WITH_AUTH) is replies.PARAMETER_WRONG


@given(st.binary(max_size=80))
def test_no_argument_at_all_makes_a_reader_fail(argument: bytes) -> None:
    """A peer's octets give an event or a reply, never an exception."""
    for prefix in (b"", b"FROM:", b"FROM:<a@b> ", b"TO:", b"TO:<"):
        assert isinstance(read_mail(prefix + argument, WITH_AUTH), MailReceived | Reply)
        assert isinstance(read_rcpt(prefix + argument), RcptReceived | Reply)
        assert isinstance(read_auth(prefix + argument, ("PLAIN",)), AuthRequested | Reply)
    assert isinstance(read_hello(argument), str | None)


@pytest.mark.parametrize(("argument", "expected"), [
    (b"TO:<alice@client.example>", ALICE),
    (b"TO:<Postmaster>", POSTMASTER),
    (b"To: <POSTMASTER>", POSTMASTER),
    (b"TO:<@a.example,@b.example:alice@client.example>", ALICE),
    (b"TO:<alice@[192.0.2.1]> ", Address("alice", Domain("[192.0.2.1]"))),
])
def test_rcpt_names_the_forward_path(argument: bytes, expected: Address) -> None:
    """RFC 5321 4.1.1.3, 4.5.1 (Postmaster), C (source routes)."""
    assert read_rcpt(argument) == RcptReceived(expected)


@pytest.mark.parametrize("octets", [65, 300])
def test_paths_beyond_their_limits_are_refused(octets: int) -> None:
    """RFC 5321 4.5.3.1.1 to 4.5.3.1.3."""
    path = b"<" + b"a" * octets + b"@client.example>"
    mail, rcpt = read_mail(b"FROM:" + path, PLAIN), read_rcpt(b"TO:" + path)
    assert isinstance(mail, Reply)
    assert mail.encode().startswith(b"501 5.1.7 ")
    assert isinstance(rcpt, Reply)
    assert rcpt.encode().startswith(b"501 5.1.3 ")


@pytest.mark.parametrize(("argument", "name"), [
    (b"client.example", "client.example"), (b"[IPv6:::1]", "[IPv6:::1]"), (b"WORK_STATION", "WORK_STATION"),
    (b".", "."), (b"x" * EHLO_NAME_OCTETS_MAX, "x" * EHLO_NAME_OCTETS_MAX), (b"x" * (EHLO_NAME_OCTETS_MAX + 1), None),
    (b"", None), (b"two words", None), (b"a\tb", None), (b"a\x7f", None), (b"a\r", None), (b"\xc3\xa9", None),
])
def test_any_one_printable_word_is_a_name(argument: bytes, name: str | None) -> None:
    """RFC 5321 4.1.4: mail may not be refused for the name; what real clients say is mostly no domain."""
    assert read_hello(argument) == name


@pytest.mark.parametrize(("argument", "expected"), [
    (b"PLAIN", AuthRequested("PLAIN", None)), (b"plain =", AuthRequested("PLAIN", b"")),
    (b"PLAIN  YQ==", AuthRequested("PLAIN", b"a")), (b"LOGIN", replies.MECHANISM_UNKNOWN),
    (b"", replies.MECHANISM_MISSING), (b"PLAIN a b", replies.MECHANISM_MISSING),
    (b"PL\xc3N", replies.MECHANISM_MISSING), (b"PLAIN *", replies.NOT_BASE64), (b"PLAIN YQ", replies.NOT_BASE64),
])
def test_auth_names_a_mechanism_that_is_offered(argument: bytes, expected: AuthRequested | Reply) -> None:
    """RFC 4954 4."""
    assert read_auth(argument, ("PLAIN",)) == expected


def test_events_do_not_show_what_is_secret() -> None:
    """Secrets and bodies cannot be put in a log line by mistake."""
    assert "secret" not in repr(AuthRequested("PLAIN", b"secret"))
