"""The base64 lines that carry SASL in SMTP, IMAP and POP3 (RFC 4954 4, RFC 4959 3, RFC 5034 4)."""

import binascii

from posthouse.protocol.sasl.errors import SaslCancelled, SaslSyntaxError


def decode_base64(line: bytes) -> bytes:
    """Read a client's answer, without its line end. An empty line is an empty answer.

    Strict (RFC 4648 3.1 to 3.3): nothing outside the alphabet, padded, nothing behind the padding.
    Raises SaslCancelled for ``*``, SaslSyntaxError for what is no base64.
    """
    if line == b"*":
        raise SaslCancelled
    try:
        return binascii.a2b_base64(line, strict_mode=True)
    except binascii.Error:
        raise SaslSyntaxError("that is no base64 (RFC 4648)") from None


def decode_initial_response(word: bytes) -> bytes:
    """Read the response that stands in the command itself: ``=`` is an empty one (RFC 4954 4). Raises as above.

    ``*`` cancels nothing there, for nothing has begun: it is a syntax error.
    """
    if word == b"=":
        return b""
    if word in (b"", b"*"):
        raise SaslSyntaxError("an initial response is base64, or = when it is empty")
    return decode_base64(word)


def encode_base64(challenge: bytes) -> bytes:
    """Write a server's challenge, without a line end."""
    return binascii.b2a_base64(challenge, newline=False)
