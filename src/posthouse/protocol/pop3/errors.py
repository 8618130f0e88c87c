"""What can go wrong in a session: a peer's mistake, a dead session, a bug of ours."""


class CommandError(Exception):
    """The peer's mistake: no command of ours, or one out of place. ``reply`` is what it hears; the session goes on."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


class NoSuchMessage(Exception):
    """A message number that is not there, or marked as deleted: an answer, not a mistake that counts."""


class RemoteProtocolError(Exception):
    """The peer broke the session beyond mending. ``reply`` is the last word that it hears."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


class LocalProtocolError(Exception):
    """A door answered what nobody had asked: a bug of ours."""
