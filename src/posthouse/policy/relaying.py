"""Whether we take responsibility for mail to one forward-path (RFC 5321 3.6.1, 4.5.1, 7.9; RFC 6409 3.1, 4.3)."""

from enum import Enum, auto
from typing import Final

from msgspec import Struct

from posthouse.message.status import Status
from posthouse.policy.verdicts import Accept, Refuse, Verdict


class SmtpDoor(Enum):
    """Through which SMTP door a message comes."""

    RECEIVER = auto()    # port 25: the world's mail for us
    SUBMISSION = auto()    # 587 and 465: our accounts' mail for the world (RFC 6409, RFC 8314)


class Destination(Enum):
    """Where the directory says that a forward-path leads."""

    MAILBOX = auto()    # a domain of ours, and an account or alias has that address
    NOBODY = auto()    # a domain of ours, and nobody has that address
    POSTMASTER = auto()    # the bare <Postmaster>: this host's postmaster
    ELSEWHERE = auto()    # not a domain of ours


class RecipientFacts(Struct, frozen=True):
    """What must be known to judge one forward-path."""

    door: SmtpDoor
    destination: Destination
    peer_is_authenticated: bool


_POSTMASTER: Final = Accept(because="every host has a postmaster")    # RFC 5321 4.5.1
_OURS: Final = Accept(because="the recipient is ours")
_SUBMITTED: Final = Accept(because="an account of ours submits it")


def judge_recipient(facts: RecipientFacts) -> Verdict:
    """Say whether we take responsibility for mail to this forward-path.

    Being an open relay is the one mistake we may never make, so refusal is the fall-through; an account's login opens
    the way out by the submission door only, whatever was said elsewhere.
    """
    if facts.door is SmtpDoor.SUBMISSION and not facts.peer_is_authenticated:
        return Refuse(Status("5.7.0"), "authentication required")    # RFC 6409 4.3, RFC 4954 6
    if facts.destination is Destination.POSTMASTER:
        return _POSTMASTER
    if facts.destination is Destination.NOBODY:
        return Refuse(Status("5.1.1"), "no such mailbox here")
    if facts.destination is Destination.MAILBOX:
        return _OURS
    if facts.door is SmtpDoor.SUBMISSION and facts.peer_is_authenticated:
        return _SUBMITTED
    return Refuse(Status("5.7.1"), "we do not relay for strangers")
