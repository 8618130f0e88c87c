"""What decides at an SMTP door. A judge answers with a verdict and touches neither socket nor database."""

from typing import Protocol

from posthouse.delivery.arrival import Entrance, Originator
from posthouse.directory.resolution import Resolution, Standing
from posthouse.message.address import ForwardPath, PostmasterPath, ReversePath
from posthouse.message.status import Status
from posthouse.policy.relaying import Destination
from posthouse.policy.verdicts import Defer, Verdict


class Judge(Protocol):
    """One door's decisions. `originator` is the account that has logged in, if one has."""

    @property
    def entrance(self) -> Entrance:
        """By which way a message that comes here is taken in."""

    def judge_mail(self, reverse_path: ReversePath, originator: Originator | None) -> Verdict:
        """May this reverse-path begin a transaction? Raises DatabaseError."""

    def judge_recipient(
        self, forward_path: ForwardPath, resolution: Resolution, originator: Originator | None
    ) -> Verdict:
        """Do we take responsibility for mail to this forward-path?"""


_FAULTS = {
    Standing.UNATTENDED: "this address has nobody behind it yet, try again later",
    Standing.LOOPING: "the alias of this address leads round in a circle, its postmaster must mend it",
    Standing.TOO_DEEP: "the alias of this address leads through too many others, its postmaster must mend it",
    Standing.TOO_WIDE: "the alias of this address leads to too many others, its postmaster must mend it",
}


def fault_of_ours(resolution: Resolution) -> Defer | None:
    """A mistake in our directory defers the mail (DESIGN 1.3: a failure of ours is never permanent)."""
    text = _FAULTS.get(resolution.standing)
    return Defer(Status("4.3.5"), text) if text else None


def destination(forward_path: ForwardPath, resolution: Resolution) -> Destination:
    """Where the directory says that a forward-path leads, in the words of `policy.relaying`."""
    if isinstance(forward_path, PostmasterPath):
        return Destination.POSTMASTER
    if not resolution.domain_is_ours:
        return Destination.ELSEWHERE
    return Destination.MAILBOX if resolution.exists else Destination.NOBODY
