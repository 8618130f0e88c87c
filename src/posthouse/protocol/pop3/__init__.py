"""What is said between a POP3 client and us (RFC 1939, 2449, 2595, 5034, 3206): sans-IO.

Owns the commands, states, message numbers, deletion marks and responses of a session; knows no socket, no store and no
password. Promises: the same events however the octets are split; nothing that was said in the clear counts after STLS;
no message can end its own response. Start with ``states`` (the law), then ``session``.
"""
