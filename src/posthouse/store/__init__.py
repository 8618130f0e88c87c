"""Mail we keep: mailboxes, their messages, and every change to them.

The truth of a mailbox is its folded listing and the change records after it (`listing.py`, `changes.py`); messages
are immutable rows that placements point to. Operations (`mailboxes.py`, `messages.py`) are plain functions on a
transaction, in the words of the model: a UID is where a message stands, a keyword what is said of it there. How any
of it is spoken is not known here: wire forms are opaque bytes.

Start reading at `placements.py` (what is known of a message in a mailbox), then `messages.py`.
"""
