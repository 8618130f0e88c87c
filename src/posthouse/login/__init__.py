"""Who knocks: one login for every door.

Owns how passwords are made, kept and checked. Promises that what is checked is never logged, and that a password which
was changed lets nobody in any more.
"""
