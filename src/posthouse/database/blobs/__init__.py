"""The bytes of messages: stored octet for octet, once, and shared by the recipients of one acceptance.

Owns the `blob` table and the files that it names. A small body lies in its row; one that spilled while it arrived
*is* the final file, synced with its folder before the row that names it. A name is never used again.
"""
