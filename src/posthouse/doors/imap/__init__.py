"""The IMAP doors, 143 and 993 (RFC 3501).

`session.py` carries commands from the protocol core to those who answer them and completions back; the answering
functions stand by subject: `entering` (login), `mailbox_commands`, `selecting`, `message_commands`, `fetching`,
`searching`, `appending`. `selected.py` is what a session has been told of its mailbox, `numbering.py` what there is to
tell, `pages.py` how much of it at a time; `answers.py` is the one table from what went wrong to what the peer hears.
"""
