"""What happened and why: decision records, written in the transaction that acts on them, and the day's sums.

A record explains one acceptance to the postmaster and to the user; the sums keep promise 7 provable (each accepted
recipient is in a mailbox, relayed, queued, notified or discarded) after rows are pruned.
"""
