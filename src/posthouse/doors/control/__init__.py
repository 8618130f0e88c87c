"""The control door: commands of whoever owns the data directory, on a socket that nobody else can open.

Owns the requests and responses (`requests`, `responses`), how they lie on the wire (`wire`: one JSON object a line)
and what is done about them (`answering`, which a command also runs itself when no server does). Promises that a request
is one operation, done and durable when its response says so, and that no secret is journalled.
Start with ``requests``, then ``answering``; ``door`` puts them on a connection.
"""
