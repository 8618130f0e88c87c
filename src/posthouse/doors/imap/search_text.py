"""Text as SEARCH compares it: a substring, without regard to case, in decoded text (RFC 3501 6.4.4).

Text is compared in NFKC and case-folded. Compatibility forms are the same text, as in Unicode's compatibility caseless
match (Unicode 3.13, D146): HTML mail writes its spaces as U+00A0, Japanese mail has half-width letters. Letters stay
composed, and so other letters than those without an accent (i;unicode-casemap, RFC 5051 1, takes both for the same):
who looks for ``resume`` is not shown every ``résumé``, who looks for ``résumé`` not every ``resume``.
"""

import re
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

# Long text is folded in pieces, so that other threads have their turns meanwhile.
_FOLDED_AT_ONCE: Final = 1 << 16
_ASCII: Final = re.compile(r"[\x00-\x7f]")

# What stands in ASCII text as it stands in the octets: no white space, at which lines may have been folded or joined,
# and no colon, before which a header field may have white space (RFC 5322 4.5).
_RUN: Final = re.compile(rb"[!-9;-~]+")


def fold(text: str) -> str:
    """Text as it is compared."""
    if text.isascii():
        return text.lower()
    pieces = []
    start = 0
    while start < len(text):
        cut = _ASCII.search(text, start + _FOLDED_AT_ONCE)    # nothing before an ASCII character combines with it
        end = cut.start() if cut else len(text)
        pieces.append(normalize("NFKC", normalize("NFKC", text[start:end]).casefold()))
        start = end
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Needle:
    """A string to look for. `text` is folded.

    `runs` stand in the octets of any message in plain ASCII whose text holds the string; none does when the string
    `is_ascii` not, and one may whatever its octets are when there are no runs.
    """

    text: str
    runs: tuple[bytes, ...]    # the longest first
    is_ascii: bool

    @staticmethod
    def of(text: str) -> "Needle":
        """The string that a client has sent."""
        folded = fold(text)
        runs = sorted(_RUN.findall(folded.encode()), key=len, reverse=True)
        return Needle(folded, tuple(runs), folded.isascii())
