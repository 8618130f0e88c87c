"""The POP3 doors: 110 (STLS) and 995. The maildrop is the account's INBOX as it stood at the login (RFC 1939).

Promises: what is marked is deleted by QUIT alone, in one transaction, and said to be deleted only after its COMMIT; a
peer that does not read costs one page of memory, however much it asked for. ``session.py`` carries events from the
protocol core to the login and the store; ``inbox.py`` is the mailbox as of the login, ``retrieval.py`` a message on its
way; ``answers.py`` is the one table from what went wrong to what the peer hears. Start reading at ``session.py``.
"""
