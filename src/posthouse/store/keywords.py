"""The account's keywords: which bit of a placement stands for which name (RFC 3501 2.3.2).

A name is kept as it was first given and compares without regard to case. A bit is never used again, whatever becomes
of the messages that bore it, so that no old record can come to mean something else.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.store.errors import TooManyKeywords
from posthouse.store.placements import FIRST_KEYWORD_BIT, KEYWORDS_MAX

KEYWORDS_TOPIC: Final = "keywords"
"""A transaction that makes a keyword announces `(KEYWORDS_TOPIC, account_id)`."""


def keyword_bits(tx: Transaction, account_id: AccountId, names: Sequence[str], *, create: bool) -> int:
    """The mask of some keywords' bits. Without `create`, names that the account does not know are left out.

    Raises TooManyKeywords when one more would be beyond KEYWORDS_MAX; nothing is made then.
    """
    if not names:
        return 0
    known = {name.casefold(): bit for bit, name in keyword_names(tx, account_id).items()}
    if create:
        missing: dict[str, str] = {}
        for name in names:
            if name.casefold() not in known:
                missing.setdefault(name.casefold(), name)
        known |= _make(tx, account_id, missing, max(known.values(), default=FIRST_KEYWORD_BIT - 1) + 1)
    mask = 0
    for name in names:
        bit = known.get(name.casefold())
        mask |= 0 if bit is None else 1 << bit
    return mask


def keyword_names(tx: Transaction, account_id: AccountId) -> dict[int, str]:
    """The names of an account's keywords by the number of their bit, in the order in which they were made."""
    rows = tx.rows("SELECT bit, name FROM keyword WHERE account_id = ? ORDER BY bit", (account_id,))
    return dict(rows)


def _make(tx: Transaction, account_id: AccountId, missing: Mapping[str, str], first_bit: int) -> dict[str, int]:
    """Give bits to names (key: as they compare; value: as they were given), from `first_bit` on."""
    if not missing:
        return {}
    if first_bit + len(missing) > FIRST_KEYWORD_BIT + KEYWORDS_MAX:
        raise TooManyKeywords(f"an account has {KEYWORDS_MAX} keywords at most, ever")
    for bit, name in enumerate(missing.values(), first_bit):
        tx.execute("INSERT INTO keyword (account_id, bit, name) VALUES (?, ?, ?)", (account_id, bit, name))
    tx.announce((KEYWORDS_TOPIC, account_id))
    return {key: bit for bit, key in enumerate(missing, first_bit)}
