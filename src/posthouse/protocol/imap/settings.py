"""What the IMAP core is told: its limits, each with its source."""

from dataclasses import dataclass, field
from typing import Final

TAG_OCTETS_MAX: Final = 128    # no standard says; tags in use have up to some 30 octets
AUTHENTICATE_OCTETS_MAX: Final = 12_288    # RFC 4954 4: the line that a SASL answer may need, base64 included
IDLE_OCTETS_MAX: Final = 64    # "DONE" is all that may be said (RFC 2177 3)
CHUNK_OCTETS_MAX: Final = 65_536    # DESIGN 4: how much of a message is handed on in a step


@dataclass(frozen=True, slots=True)
class CommandLimits:
    """How much one command may hold, in octets, outside the message of APPEND.

    Raises ValueError for lines too short to find a tag in.
    """

    line_octets_max: int       # all that is not in literals
    literal_octets_max: int    # one literal
    literals_octets_max: int   # all literals of a command together
    swallowed_octets_max: int  # what is read and thrown away of a refused command, before we hang up

    def __post_init__(self) -> None:
        if self.line_octets_max <= TAG_OCTETS_MAX:
            raise ValueError(f"a command line needs more than {TAG_OCTETS_MAX} octets, which a tag may take")


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The limits of a session, before and after login."""

    append_octets_max: int = 50 * 1024 * 1024    # the same as SMTP's message size
    bad_commands_max: int = 20    # in a row; Dovecot 2.3 hangs up after as many
    before_login: CommandLimits = field(
        default=CommandLimits(
            line_octets_max=16_384,    # AUTHENTICATE with an initial response of 12,288 octets (RFC 4954 4)
            literal_octets_max=4_096,    # a name or a password
            literals_octets_max=8_192,    # both
            swallowed_octets_max=262_144,
        )
    )
    after_login: CommandLimits = field(
        default=CommandLimits(
            line_octets_max=65_536,    # RFC 7162 4: at least 8,192 octets must be taken; long UID sets need more
            literal_octets_max=65_536,
            literals_octets_max=262_144,
            swallowed_octets_max=100 * 1024 * 1024,    # a LITERAL+ message of twice the size that we take (RFC 7888 4)
        )
    )
