"""LIST and LSUB patterns (RFC 3501 6.3.8): ``*`` stands for any octets, ``%`` for any but the hierarchy separator.

A pattern is run as a set of positions held in the bits of one integer, all of them moved on together at each character
of the name: the work is linear in the name's length whatever the pattern, where backtracking would grow without bound.
"""

from dataclasses import dataclass
from typing import Final

from posthouse.protocol.imap.mailbox_names import HIERARCHY_SEPARATOR, INBOX

_MATCHES_ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class ListPattern:
    """A compiled pattern. Bit i of a set of positions says: the pattern's first i literal characters are matched."""

    text: str
    literals: dict[str, int]    # for each literal character, the positions that it moves on from
    stars: int                  # the positions at which "*" stands
    percents: int               # the positions at which "%" stands
    final: int                  # the one position at which the pattern is done

    def matches(self, name: str) -> bool:
        """Whether a mailbox's name, or a level of the hierarchy, is meant. INBOX matches in any case (RFC 3501 5.1)."""
        if self.text == _MATCHES_ALL:
            return True
        if not self.stars | self.percents and name[:5] != INBOX:
            return name == self.text
        folded_characters = 5 if name == INBOX or name.startswith(INBOX + HIERARCHY_SEPARATOR) else 0
        positions = 1
        for index, character in enumerate(name):
            moving = self.literals.get(character, 0)
            if index < folded_characters:
                moving |= self.literals.get(character.lower(), 0)
            staying = self.stars if character == HIERARCHY_SEPARATOR else self.stars | self.percents
            positions = (positions & moving) << 1 | positions & staying
            if not positions:
                return False
        return bool(positions & self.final)


def compile_pattern(reference: str, pattern: str) -> ListPattern:
    """Compile what LIST's two arguments mean together: the pattern, seen from the reference (RFC 3501 6.3.8)."""
    text = reference + pattern
    literals: dict[str, int] = {}
    stars = percents = 0
    position = 1
    for character in text:
        if character == "*":
            stars |= position
        elif character == "%":
            percents |= position
        else:
            literals[character] = literals.get(character, 0) | position
            position <<= 1
    return ListPattern(text, literals, stars, percents, position)
