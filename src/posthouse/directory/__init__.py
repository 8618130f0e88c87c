"""Who lives here: domains, accounts, aliases and their credentials, and what an address leads to.

Owns the directory's tables. Plain functions on a `Transaction`; nothing here knows SMTP, mailboxes or plain
passwords. Promises: two addresses whose keys are equal never lead to two places; every change raises the
directory's version, is announced as `DIRECTORY_TOPIC`, and leaves a row in the audit, all in its own transaction.

Start reading at `resolution.py` (what RCPT asks; `reader.py` remembers it), then `accounts.py`; every change passes
through `version.py`.
"""
