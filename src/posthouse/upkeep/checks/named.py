"""Which messages the listings and records of all accounts name: one bit for each message there ever was."""

from array import array
from collections.abc import Iterable


class NamedMessages:
    """A set of message keys, an eighth of an octet each."""

    def __init__(self, largest: int, accounts_under_erasure: Iterable[int]) -> None:
        self.accounts_under_erasure = frozenset(accounts_under_erasure)    # their messages may be named no more
        self._bits = bytearray(largest // 8 + 1)

    def add(self, message_ids: "array[int]") -> None:
        """Note messages as named. Keys that no message ever had are passed over."""
        bits = self._bits
        end = len(bits) << 3
        for message_id in message_ids:
            if 0 <= message_id < end:
                bits[message_id >> 3] |= 1 << (message_id & 7)

    def __contains__(self, message_id: int) -> bool:
        return bool(self._bits[message_id >> 3] & 1 << (message_id & 7))
