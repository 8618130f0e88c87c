"""What we decide: facts in, one verdict out (RFC 5321 3.6, 7.9; RFC 6409 6.1).

Owns every decision about whom we serve: recipients (``relaying``), who may write in whose name (``identity``), how
often a password may be guessed (``rates``). Promises: pure arithmetic on facts that the caller has gathered; refusal is
the fall-through, and each acceptance states its reason. Start with ``verdicts``.
"""
