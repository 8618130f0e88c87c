"""The law of an SMTP server session: which command is legal when, and where its reply leads (RFC 5321 4.1.4)."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class Verb(Enum):
    """A command that we know, whether we offer it or not."""

    HELO = auto()
    EHLO = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    RSET = auto()
    NOOP = auto()
    HELP = auto()
    VRFY = auto()
    EXPN = auto()
    QUIT = auto()
    AUTH = auto()
    STARTTLS = auto()

    __hash__ = object.__hash__    # members are looked up by each command; Enum's own hash runs in Python


class Phase(Enum):
    OPENED = auto()    # the connection is there, our greeting is not yet said
    REFUSED = auto()    # 554 said as a greeting; only QUIT is left (RFC 5321 3.1)
    CONNECTED = auto()    # 220 said, or TLS just begun; waiting for EHLO or HELO
    READY = auto()    # named; may open a transaction, AUTH or STARTTLS
    SENDER = auto()    # MAIL accepted
    RECIPIENTS = auto()    # at least one RCPT accepted
    RECEIVING = auto()    # 354 said; what comes is content
    AUTHENTICATING = auto()    # 334 said; the next line is an answer, not a command
    UPGRADING = auto()    # 220 to STARTTLS said; what comes is held back until TLS is up
    CLOSED = auto()    # our last reply is said

    __hash__ = object.__hash__    # as Verb's


LEGAL: Final[Mapping[tuple[Phase, Verb], Phase]] = {
    # A missing pair is "503 5.5.1 bad sequence of commands"; the value is the phase after success.
    (Phase.CONNECTED, Verb.HELO): Phase.READY,
    (Phase.CONNECTED, Verb.EHLO): Phase.READY,
    (Phase.READY, Verb.MAIL): Phase.SENDER,
    (Phase.SENDER, Verb.RCPT): Phase.RECIPIENTS,
    (Phase.RECIPIENTS, Verb.RCPT): Phase.RECIPIENTS,
    (Phase.RECIPIENTS, Verb.DATA): Phase.RECEIVING,
    (Phase.READY, Verb.AUTH): Phase.READY,    # not within a transaction (RFC 4954 4)
    (Phase.READY, Verb.STARTTLS): Phase.UPGRADING,
    # A new EHLO, like RSET, drops the transaction (RFC 5321 4.1.4).
    **{(phase, verb): Phase.READY for phase in (Phase.READY, Phase.SENDER, Phase.RECIPIENTS)
       for verb in (Verb.HELO, Verb.EHLO, Verb.RSET)},
    # These need no EHLO and change nothing (RFC 5321 4.1.4).
    (Phase.CONNECTED, Verb.RSET): Phase.CONNECTED,
    **{(phase, verb): phase for phase in (Phase.CONNECTED, Phase.READY, Phase.SENDER, Phase.RECIPIENTS)
       for verb in (Verb.NOOP, Verb.HELP, Verb.VRFY, Verb.EXPN)},
    **{(phase, Verb.QUIT): Phase.CLOSED
       for phase in (Phase.REFUSED, Phase.CONNECTED, Phase.READY, Phase.SENDER, Phase.RECIPIENTS)},
}

Move = Mapping[int, Phase]
"""Where each class of reply (2, 3, 4 or 5) to what is being answered leads. A missing class may not be said."""


def _move(before: Phase, verb: Verb, after: Phase) -> Move:
    if verb is Verb.AUTH:
        return AUTHENTICATION
    success = 3 if verb is Verb.DATA else 2    # 354 is what DATA hopes for (RFC 5321 4.3.2)
    return {success: after, 4: before, 5: before}


GREETING: Final[Move] = {2: Phase.CONNECTED, 4: Phase.CLOSED, 5: Phase.REFUSED}
AUTHENTICATION: Final[Move] = {2: Phase.READY, 3: Phase.AUTHENTICATING, 4: Phase.READY, 5: Phase.READY}
MESSAGE_END: Final[Move] = {2: Phase.READY, 4: Phase.READY, 5: Phase.READY}    # whatever is said, the mail is over
MESSAGE_REFUSAL: Final[Move] = {4: Phase.READY, 5: Phase.READY}
CLOSING: Final[Move] = {2: Phase.CLOSED, 4: Phase.CLOSED, 5: Phase.CLOSED}
NOTHING: Final[Move] = {}    # upgrading or closed: nothing may be said
STAYING: Final[Mapping[Phase, Move]] = {phase: {2: phase, 4: phase, 5: phase} for phase in Phase}

MOVES: Final[Mapping[tuple[Phase, Verb], Move]] = {
    (before, verb): _move(before, verb, after) for (before, verb), after in LEGAL.items()
}
