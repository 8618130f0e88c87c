"""Mail we owe: entries with a reverse-path and bytes, each with recipients that wait for their outcome.

An entry is made in the transaction that accepts it. Who takes mail off the queue (the relay) claims recipients by
lease; what is due is one index range. Start reading at `entries.py`.
"""
