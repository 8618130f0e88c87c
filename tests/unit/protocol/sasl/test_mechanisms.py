"""PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login), server side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.sasl.errors import SaslSyntaxError
from posthouse.protocol.sasl.mechanisms import (
    MECHANISMS,
    PART_OCTETS_MAX,
    Challenge,
    Credentials,
    LoginServer,
    PlainServer,
)

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=60)
PASSWORDS = st.binary(min_size=1, max_size=60).filter(lambda octets: b"\0" not in octets)


@given(NAMES, NAMES.filter(bool), PASSWORDS)
def test_plain_reads_three_parts(authorization_id: str, name: str, password: bytes) -> None:
    """RFC 4616 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd."""
    octets = b"\0".join((authorization_id.encode(), name.encode(), password))
    assert PlainServer().start(octets) == Credentials(authorization_id, name, password)


def test_plain_without_an_initial_response_asks_with_an_empty_challenge() -> None:
    """RFC 4954 4: the server sends an empty challenge for a mechanism in which the client speaks first."""
    plain = PlainServer()
    assert plain.start(None) == Challenge(b"")
    assert plain.answer(b"\0alice\0secret") == Credentials("", "alice", b"secret")


@pytest.mark.parametrize("octets", [
    b"", b"alice", b"\0alice", b"\0\0secret", b"\0alice\0", b"a\0b\0c\0d", b"\0al\xffice\0secret",
    b"\xff\0alice\0secret", b"\0" + b"a" * (PART_OCTETS_MAX + 1) + b"\0secret",
    b"\0alice\0" + b"s" * (PART_OCTETS_MAX + 1),
])
def test_plain_refuses_what_is_no_plain_message(octets: bytes) -> None:
    """RFC 4616 2: three parts, name and password not empty, names in UTF-8."""
    with pytest.raises(SaslSyntaxError):
        PlainServer().start(octets)


def test_plain_takes_parts_of_255_octets() -> None:
    """RFC 4616 2: each part up to 255 octets must be taken."""
    credentials = PlainServer().start(b"\0".join((b"z" * 255, b"a" * 255, b"p" * 255)))
    assert credentials == Credentials("z" * 255, "a" * 255, b"p" * 255)


def test_login_asks_for_the_name_and_then_for_the_password() -> None:
    """draft-murchison-sasl-login 2.1.2."""
    login = LoginServer()
    assert login.start(None) == Challenge(b"Username:")
    assert login.answer("jürgen".encode()) == Challenge(b"Password:")
    assert login.answer(b"s\xffcret") == Credentials("", "jürgen", b"s\xffcret")


def test_login_takes_the_name_as_initial_response() -> None:
    """Outlook and others send it so."""
    login = LoginServer()
    assert login.start(b"alice") == Challenge(b"Password:")
    assert login.answer(b"secret") == Credentials("", "alice", b"secret")


@pytest.mark.parametrize("answers", [
    [b""], [b"al\0ice"], [b"al\xffice"], [b"a" * (PART_OCTETS_MAX + 1)],
    [b"alice", b""], [b"alice", b"sec\0ret"], [b"alice", b"s" * (PART_OCTETS_MAX + 1)], [b"alice", b"secret", b"more"],
])
def test_login_refuses_what_is_no_name_or_password(answers: list[bytes]) -> None:
    login = LoginServer()
    login.start(None)
    for answer in answers[:-1]:
        login.answer(answer)
    with pytest.raises(SaslSyntaxError):
        login.answer(answers[-1])


def test_credentials_do_not_show_the_password() -> None:
    """Secrets cannot be put in a log line by mistake."""
    assert "secret" not in repr(Credentials("", "alice", b"secret"))


def test_the_table_makes_a_new_exchange_each_time() -> None:
    assert list(MECHANISMS) == ["PLAIN", "LOGIN"]
    for begin in MECHANISMS.values():
        assert begin() is not begin()
