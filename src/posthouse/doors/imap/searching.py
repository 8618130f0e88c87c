"""SEARCH (RFC 3501 6.4.4): which messages a tree of keys finds, chunk by chunk of the listing.

What the columns answer comes first, for a whole chunk at once. Of the messages that this leaves open the ready-made
fields are read, then header sections, then whole messages: each only while it can still change the answer, and once,
however many keys ask for it. A search asks for its pages one by one, so that the caller decides where they are read.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from posthouse.database.transaction import Transaction
from posthouse.doors.imap.search_bounds import Bounds, Mask, bounds_of, chosen, every, leaves, mask_of
from posthouse.doors.imap.search_columns import COLUMN_KEYS, Columns
from posthouse.doors.imap.search_reading import Found, Reading, readings
from posthouse.doors.imap.selected import Selected
from posthouse.protocol.imap.commands import Numbering
from posthouse.protocol.imap.flags import Flag
from posthouse.protocol.imap.search_keys import SearchKey
from posthouse.runtime.disk import Disk
from posthouse.store.listing import Chunk

CHUNKS_A_TURN: Final = 8      # the columns of a chunk of 4,096 take about 0.3 ms a key

@dataclass(frozen=True, slots=True)
class Step:
    """Something to read before the search goes on. `may_block`: it may read files, so it is run on a thread."""

    read: Callable[[Transaction], Found]
    may_block: bool


@dataclass(frozen=True, slots=True)
class Breath:
    """Nothing to read, but the search has had the loop for a while."""


Search = Generator[Step | Breath, Found, list[int]]
"""A search on its way: it is sent what a step found ([] after a Breath), and returns the numbers of the
messages found, ascending."""


class Searching:
    """One search of one session's mailbox, as the session knows it when the search begins."""

    def __init__(
        self, selected: Selected, key: SearchKey, numbering: Numbering, keyword_bits: Mapping[Flag, int], disk: Disk
    ) -> None:
        """`keyword_bits`: the masks of the keywords that the key names, those that the account knows."""
        keys = frozenset(leaves(key))
        self._key = key
        self._numbering = numbering
        self._known = selected.known
        self._column_keys = tuple(one for one in keys if isinstance(one, COLUMN_KEYS))
        self._columns = Columns(selected, keys, keyword_bits)
        self._readings = readings(keys, disk)

    def run(self) -> Search:
        """Search. Steps raise DatabaseError when something cannot be read."""
        found: list[int] = []
        before = 0
        for number, chunk in enumerate(self._known.chunks, 1):
            mask = yield from self._in_chunk(chunk, before)
            count = len(chunk)
            numbers: Sequence[int] = chunk.placements.uids
            if self._numbering is Numbering.SEQUENCE:
                numbers = range(before + 1, before + 1 + count)
            found.extend(chosen(numbers, mask, count))
            before += count
            if number % CHUNKS_A_TURN == 0:
                yield Breath()
        return found

    def _in_chunk(self, chunk: Chunk, before: int) -> Generator[Step, Found, Mask]:
        """What is found in a chunk that has so many messages before it."""
        whole = every(len(chunk))
        known: dict[SearchKey, Bounds] = {}
        for key in self._column_keys:
            known[key] = self._columns.bounds(key, chunk, before)
        answer = bounds_of(self._key, known, whole)
        for reading in self._readings:
            if answer.undecided:
                yield from self._read(reading, chunk, answer.undecided, known)
                answer = bounds_of(self._key, known, whole)
        return answer.surely

    def _read(
        self, reading: Reading, chunk: Chunk, wanted: Mask, known: dict[SearchKey, Bounds]
    ) -> Generator[Step, Found, None]:
        """Read the wanted messages of a chunk, and note what is `known` then of the keys that this answers."""
        count = len(chunk)
        columns = [bytearray(count) for _ in reading.keys]
        for page in reading.pages(chunk.placements, list(chosen(range(count), wanted, count))):
            found = yield Step(partial(reading.find, page), page.may_block)
            for column, indices in zip(columns, found, strict=True):
                for index in indices:
                    column[index] = 1
        not_read = every(count) ^ wanted
        for key, column in zip(reading.keys, columns, strict=True):
            surely, perhaps = known.get(key, Bounds(0, every(count)))
            finds = mask_of(column)
            known[key] = Bounds(surely & not_read | finds, perhaps & not_read | finds)
