"""What differs between SMTP doors, and the limits of a session with their sources."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from posthouse.protocol.smtp.states import Verb

COMMAND_OCTETS_MAX: Final = 512    # RFC 5321 4.5.3.1.4, line end included
# RFC 5321's 512, and what extensions add to MAIL: SIZE 26 (RFC 1870 3), BODY 17 (RFC 6152 2), AUTH 500 (RFC 4954 3).
MAIL_OCTETS_MAX: Final = COMMAND_OCTETS_MAX + 26 + 17 + 500
AUTH_OCTETS_MAX: Final = 12_288    # RFC 4954 4: the command, and each line of the exchange
LINE_OCTETS_MAX: Final = {Verb.MAIL: MAIL_OCTETS_MAX, Verb.AUTH: AUTH_OCTETS_MAX}    # the others: COMMAND_OCTETS_MAX
# A line beyond every limit is read away and refused; one beyond this is no mistake any more, and we hang up.
SKIPPED_OCTETS_MAX: Final = 16 * 1024 * 1024
EHLO_NAME_OCTETS_MAX: Final = 255    # RFC 5321 4.5.3.1.2
CHUNK_OCTETS_MAX: Final = 65_536    # one step of content, so that other sessions have their turn
# A door stops reading while an answer is awaited; what the kernel and TLS may still hand over stays far below this.
UNREAD_OCTETS_MAX: Final = 4 * 1024 * 1024
FAR_TOO_LARGE_FACTOR: Final = 2    # content beyond the limit is read away up to here; then we hang up


class BareNewline(Enum):
    """What to do with a CR or LF that stands alone (RFC 5321 2.3.8 forbids it)."""

    REFUSE = "refuse"    # by name, after the whole message: the safe way towards strangers
    NORMALIZE = "normalize"    # make it CRLF: scanners and scripts submit such messages


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What one listener offers and demands.

    ``mechanisms`` are names of ``sasl.MECHANISMS`` in the order in which they are announced; none: no AUTH.
    Raises ValueError for a limit that RFC 5321 does not allow.
    """

    hostname: str
    mechanisms: tuple[str, ...] = ()
    require_authentication: bool = False    # RFC 6409 4.3: a submission door takes mail from known originators only
    require_tls_for_authentication: bool = True    # RFC 4954 9: a password never travels in the clear
    starttls_is_available: bool = False
    bare_newline: BareNewline = BareNewline.REFUSE
    message_size_octets_max: int = 50 * 1024 * 1024    # as the large mailbox providers; RFC 5321 4.5.3.1.7 asks 64 KB
    recipients_max: int = 1_000    # RFC 5321 4.5.3.1.8 asks 100 at least
    bad_commands_max: int = 20    # as Postfix's smtpd_hard_error_limit
    idle_commands_max: int = 100    # commands since the last message; as Postfix's smtpd_junk_command_limit

    def __post_init__(self) -> None:
        if self.message_size_octets_max < 65_536:
            raise ValueError("message_size_octets_max must be at least 65,536 (RFC 5321 4.5.3.1.7)")
        if self.recipients_max < 100:
            raise ValueError("recipients_max must be at least 100 (RFC 5321 4.5.3.1.8)")
