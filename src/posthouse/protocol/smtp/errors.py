"""The one way to misuse the SMTP core. A peer's mistakes are events with a ready reply, never exceptions."""


class LocalProtocolError(Exception):
    """Our own code broke the protocol: a bug at the door, not the peer's doing."""
