"""How long a connection waits for its peer, phase by phase, without a timer.

A phase is one command, one message body, one literal. What is kept of it is four numbers, from which it follows when
patience ends if nothing more comes; the connections' sweep compares that with the time about once a second.
"""

import math
from dataclasses import dataclass
from typing import Final

GRACE_SECONDS: Final = 60.0
"""A slow start (TCP backs off for up to a minute after losses, RFC 6298 2.4) is not yet a slow peer."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a peer may take over one phase of its session.

    The time that we take for an answer of our own is not counted.
    """

    total_seconds: float = math.inf      # for the whole phase, so that a command sent octet by octet ends too
    silence_seconds: float = math.inf    # without any octet
    octets_per_second_min: float = 0.0   # on average over the phase, after GRACE_SECONDS


COMMAND_PATIENCE: Final = Patience(total_seconds=300)    # RFC 5321 4.5.3.2.7: at least 5 minutes for the next command


class Phase:
    """One phase under way: when it began, when the peer was last heard, and how much it has said since.

    All times are monotonic seconds.
    """

    __slots__ = ("began", "heard_at", "octets", "patience")

    def __init__(self, patience: Patience, at: float) -> None:
        self.begin(patience, at)

    def begin(self, patience: Patience, at: float) -> None:
        """Begin the next phase in the same object: a session has thousands of them."""
        self.patience = patience
        self.began = self.heard_at = at
        self.octets = 0

    def leave_out(self, since: float, until: float) -> None:
        """Not count a stretch in which the peer waited for us."""
        self.began += until - since
        self.heard_at = until

    def ends_at(self) -> float:
        """When patience ends if nothing more is heard."""
        patience = self.patience
        end = min(self.began + patience.total_seconds, self.heard_at + patience.silence_seconds)
        if patience.octets_per_second_min:
            end = min(end, self.began + GRACE_SECONDS + self.octets / patience.octets_per_second_min)
        return end
