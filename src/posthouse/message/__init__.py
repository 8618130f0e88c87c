"""What mail is: addresses, header sections, MIME structure, views, trace fields (RFC 5321, 5322, 2045-2047).

Owns every reading of a message's octets. Promises: pure (no clock, socket, disk or chance), total on hostile input
(what cannot be understood is kept as it is, never raised at), bounded and linear in the octets read.
Start with ``headers`` and ``mime`` (offsets into stored octets), then ``view`` (what someone sees of them).
"""
