"""The SMTP doors: 25 (`receiver`), 587 and 465 (`submission`).

`session.py` carries events from the protocol core to a judge and its verdicts back as replies; `transfer.py` is the
mail transaction in progress; `answers.py` is the one table from what went wrong to what the peer hears. A judge decides
and nothing else. Start reading at `session.py`.
"""
