"""The envelope (RFC 5321 2.3.1): where a message comes from and goes to, whatever its header section says."""

from dataclasses import dataclass
from enum import Enum

from posthouse.message.address import ForwardPath, ReversePath


class BodyType(Enum):
    """What MAIL's BODY parameter declares (RFC 6152 2); SEVEN_BIT when it is absent."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT_MIME = "8BITMIME"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail transaction's envelope, complete. Raises ValueError without a forward-path (RFC 5321 3.3)."""

    reverse_path: ReversePath
    forward_paths: tuple[ForwardPath, ...]
    body_type: BodyType = BodyType.SEVEN_BIT

    def __post_init__(self) -> None:
        if not self.forward_paths:
            raise ValueError("an envelope needs at least one forward-path (RFC 5321 3.3)")
