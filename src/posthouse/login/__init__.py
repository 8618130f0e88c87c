"""Who knocks: one login for every door.

Owns how passwords are made, kept and checked, who may try one, and how soon he hears that it was wrong. Promises that
what is checked is never logged or kept, that a password which was changed lets nobody in any more, and that neither
words nor time tell which accounts exist. Start with ``login``; ``policy.rates`` says how often one may guess.
"""
