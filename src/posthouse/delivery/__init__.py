"""What becomes of a message: who gets it, the one transaction that accepts it, and the wire forms made of it once.

Owns the way from an accepted message to the store and the queue. ``rendition`` makes what IMAP sends; start there for
the forms, and with ``accept`` for the transaction.
"""
