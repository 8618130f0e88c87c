"""What can be wrong with a command, and with how we use the core."""


class CommandSyntaxError(Exception):
    """A command breaks the grammar or a limit; ``text`` tells the peer what was expected (answered BAD)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class UnknownCharsetError(Exception):
    """SEARCH names a charset that we do not read (answered NO [BADCHARSET ...], RFC 3501 6.4.4)."""


class LocalProtocolError(Exception):
    """The session was told to do what its phase does not allow: a bug of ours, never the peer's doing."""
