"""SMTP (RFC 5321) as a sans-IO core, server side: bytes in, events out, replies in, bytes out.

It promises that each command becomes exactly one event, answered by exactly one reply, in order; that only
CRLF "." CRLF ends a message; and that nothing said before TLS is remembered under it (RFC 3207 4.2).

Read ``states`` first (the law: which command is legal when), then ``session``. ``lines`` cuts command lines,
``commands`` reads them, ``standing`` says what a peer may ask for by now, ``data`` undoes dot-stuffing, ``replies`` is
the one table of everything a server says, ``events`` what a door hears, ``settings`` what differs between doors.
"""
