"""Enhanced status codes (RFC 3463): class.subject.detail."""

import re
from dataclasses import dataclass
from typing import Final

# RFC 3463 2: class is 2, 4 or 5; subject and detail are 1 to 3 digits, without leading zeros.
_SHAPE: Final = re.compile(r"[245]\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True)
class Status:
    """One enhanced status code, as in ``Status("5.1.1")``. Raises ValueError when the text is none."""

    text: str

    def __post_init__(self) -> None:
        if _SHAPE.fullmatch(self.text) is None:
            raise ValueError(f"{self.text!r} is no enhanced status code (RFC 3463 2)")

    def __str__(self) -> str:
        return self.text
