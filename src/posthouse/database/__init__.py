"""The engine under everything that is kept: transactions, group commit, migrations, blobs.

Owns the one database file and the blob files beside it. Promises that what `Database.write` has answered is
on disk (DESIGN: "250 means durable"), that operations run one after another, each whole or not at all, and
that nobody sees a change before its COMMIT. Knows no table's meaning: `store`, `queue`, `directory` and
`history` bring plain functions on a `Transaction`.

Start reading at `transaction.py` (what an operation may do), then `sqlite/writer.py` (the group commit).
"""
