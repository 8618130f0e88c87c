"""An independent reader of IMAP parenthesised lists (RFC 3501 9), strict, written for tests alone.

Strings become bytes, NIL None, numbers int, lists lists. Anything that the grammar does not allow is a ValueError,
eight-bit octets in a quoted string among it.
"""

Value = bytes | int | None | list["Value"]


def read_value(wire: bytes) -> Value:
    """Read exactly one value."""
    value, end = _value(wire, 0)
    if end != len(wire):
        raise ValueError(f"octets behind the value: {wire[end : end + 40]!r}")
    return value


def _value(wire: bytes, at: int) -> tuple[Value, int]:
    first = wire[at : at + 1]
    if first == b"(":
        return _list(wire, at)
    if first == b'"':
        return _quoted(wire, at + 1)
    if first == b"{":
        return _literal(wire, at)
    if wire[at : at + 3] == b"NIL":
        return None, at + 3
    end = at
    while wire[end : end + 1].isdigit():
        end += 1
    if end == at:
        raise ValueError(f"no value: {wire[at : at + 40]!r}")
    return int(wire[at:end]), end


def _list(wire: bytes, at: int) -> tuple[Value, int]:
    """Values between spaces; only lists (bodies, addresses) may follow one another without."""
    values: list[Value] = []
    at += 1
    if wire[at : at + 1] == b")":
        raise ValueError("an empty list")
    while True:
        value, at = _value(wire, at)
        values.append(value)
        following = wire[at : at + 1]
        if following == b")":
            return values, at + 1
        if following == b" ":
            at += 1
        elif not (following == b"(" and isinstance(value, list)):
            raise ValueError(f"no space: {wire[at - 20 : at + 20]!r}")


def _quoted(wire: bytes, at: int) -> tuple[bytes, int]:
    octets = bytearray()
    while True:
        octet = wire[at]
        if octet == 0x22:
            return bytes(octets), at + 1
        if octet == 0x5C:
            at += 1
            octet = wire[at]
            if octet not in b'"\\':
                raise ValueError("a backslash before what needs none")
        elif octet in b"\r\n\0" or octet > 0x7F:
            raise ValueError(f"octet {octet} in a quoted string")
        octets.append(octet)
        at += 1


def _literal(wire: bytes, at: int) -> tuple[bytes, int]:
    head_end = wire.index(b"}\r\n", at)
    length = int(wire[at + 1 : head_end])
    start = head_end + 3
    if start + length > len(wire):
        raise ValueError("a literal that is cut off")
    return wire[start : start + length], start + length
