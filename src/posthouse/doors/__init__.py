"""Where the world knocks: SMTP, IMAP and POP3 on sockets, and the control socket.

Each door drives one protocol core and turns its events into decisions and store operations; everything about sockets
(TLS, time-outs, pausing, the bug boundary) is in ``connection`` and is the same for all.
Start with ``session`` (what a door must offer and may ask), then ``connection``; ``connections`` holds them all,
``listening`` opens them.
"""
