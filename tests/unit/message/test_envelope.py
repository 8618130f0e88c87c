import pytest

from posthouse.message.address import NULL_REVERSE_PATH, POSTMASTER, parse_address
from posthouse.message.envelope import BodyType, Envelope


def test_an_envelope_keeps_its_paths_in_order() -> None:
    """RFC 5321 2.3.1."""
    paths = (parse_address("b@example.org"), POSTMASTER, parse_address("a@example.org"))
    envelope = Envelope(NULL_REVERSE_PATH, paths)
    assert (envelope.forward_paths, envelope.body_type) == (paths, BodyType.SEVEN_BIT)


def test_an_envelope_without_a_forward_path_cannot_be_built() -> None:
    """RFC 5321 3.3: DATA needs at least one accepted RCPT."""
    with pytest.raises(ValueError, match="forward-path"):
        Envelope(parse_address("a@example.org"), ())


def test_body_types_are_named_as_mail_names_them() -> None:
    """RFC 6152 2."""
    assert [BodyType("7BIT"), BodyType("8BITMIME")] == [BodyType.SEVEN_BIT, BodyType.EIGHT_BIT_MIME]
