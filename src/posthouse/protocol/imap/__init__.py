"""IMAP4rev1 as it is spoken (RFC 3501): commands as values, responses as octets, no socket and no store.

Spoken beside it: IDLE (2177), NAMESPACE (2342), UNSELECT (3691), UIDPLUS (4315), SASL-IR (4959), SPECIAL-USE (6154),
MOVE (6851), LITERAL+ (7888). Promises: memory is bounded whatever a peer sends, a literal announced costs nothing until
it is wanted, a command pipelined behind another waits for its answer, and no input raises an exception.

Start reading at ``states.py`` (the law), then ``session.py``; ``framing.py`` cuts octets into commands, ``parser.py``
reads them, ``responses.py`` writes the answers.
"""
