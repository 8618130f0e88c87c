import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.transfer import decode_base64, decode_transfer


@given(st.binary(max_size=300))
def test_what_the_standard_library_encodes_is_decoded(octets: bytes) -> None:
    assert decode_transfer(base64.encodebytes(octets), "base64") == octets
    assert decode_transfer(base64.encodebytes(octets).replace(b"\n", b"\r\n"), "base64") == octets
    assert decode_transfer(quopri.encodestring(octets, quotetabs=True), "quoted-printable") == octets
    assert decode_transfer(octets, "8bit") == octets
    assert decode_transfer(octets, "x-unknown") == octets


@given(st.binary(max_size=60), st.integers(0, 5))
def test_damaged_base64_is_read_as_far_as_it_goes(octets: bytes, cut: int) -> None:
    """RFC 2045 6.8: characters outside the alphabet are passed over; what is missing loses no more than itself."""
    encoded = base64.b64encode(octets)
    shortened = encoded[: max(len(encoded) - cut, 0)]
    decoded = decode_base64(b" !".join(shortened[at : at + 7] for at in range(0, len(shortened), 7)))
    assert octets.startswith(decoded)
    assert len(octets) - len(decoded) <= cut


@pytest.mark.parametrize(
    ("encoded", "octets"),
    [(b"YQ", b"a"), (b"YQ=", b"a"), (b"YWI", b"ab"), (b"Y", b""), (b"=", b""), (b"", b""), (b"YQ==YQ==", b"a"),
     (b"====", b"")],
)
def test_missing_and_early_padding_is_mended(encoded: bytes, octets: bytes) -> None:
    assert decode_base64(encoded).startswith(octets)


def test_encodings_in_a_row_are_all_read() -> None:
    assert decode_base64(b"YQ==YWI=YWJj!Y") == b"aababc"


@pytest.mark.parametrize("encoded", [b"A=" * 500_000, b"=" * 1_000_000, b"AAA=" * 250_000, b"AAAAA=" * 200_000])
def test_padding_everywhere_takes_linear_time(encoded: bytes) -> None:
    assert len(decode_base64(encoded)) <= len(encoded)


@given(st.binary(max_size=80), st.sampled_from(["base64", "quoted-printable", "7bit", ""]))
def test_no_octets_are_an_error(octets: bytes, encoding: str) -> None:
    assert isinstance(decode_transfer(octets, encoding), bytes)
