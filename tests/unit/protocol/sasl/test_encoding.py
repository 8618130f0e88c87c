"""The base64 lines of SASL (RFC 4954 4, RFC 4648)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.sasl.encoding import decode_base64, decode_initial_response, encode_base64
from posthouse.protocol.sasl.errors import SaslCancelled, SaslSyntaxError


@given(st.binary(max_size=300))
def test_what_the_standard_library_encodes_is_read_and_written_alike(octets: bytes) -> None:
    """RFC 4648 4."""
    line = base64.b64encode(octets)
    assert decode_base64(line) == octets
    assert encode_base64(octets) == line


@pytest.mark.parametrize("line", [
    b"=", b"====", b"YQ", b"YQ=", b"YQ==YQ==", b"YQ==\n", b" YQ==", b"YQ== ", b"Y Q==", b"YQ-_", b"\xff\xff\xff\xff",
    b"**", b"YWI=YWI=", b"A",
])
def test_what_is_no_strict_base64_is_refused(line: bytes) -> None:
    """RFC 4954 4: a server that cannot decode a response must reject it; RFC 4648 3.3: nothing else may stand in it."""
    with pytest.raises(SaslSyntaxError):
        decode_base64(line)


def test_a_star_cancels_the_exchange() -> None:
    """RFC 4954 4, RFC 3501 6.2.2."""
    with pytest.raises(SaslCancelled):
        decode_base64(b"*")


def test_an_empty_line_is_an_empty_answer() -> None:
    """RFC 4954 4: an answer of no octets is an empty line."""
    assert decode_base64(b"") == b""


def test_an_equals_sign_is_an_empty_initial_response() -> None:
    """RFC 4954 4: a zero-length initial response is sent as "="."""
    assert decode_initial_response(b"=") == b""
    assert decode_initial_response(b"YQ==") == b"a"


@pytest.mark.parametrize("word", [b"", b"*", b"YQ"])
def test_an_initial_response_is_base64_and_cancels_nothing(word: bytes) -> None:
    """RFC 4954 4: "*" cancels an exchange that has begun."""
    with pytest.raises(SaslSyntaxError):
        decode_initial_response(word)
