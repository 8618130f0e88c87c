"""SASL, server side (RFC 4422): how a client names itself, whatever protocol carries the exchange.

``mechanisms`` holds PLAIN and LOGIN and the table ``MECHANISMS``; ``encoding`` reads the base64 lines in which
SMTP, IMAP and POP3 carry them. Nothing here decides whether a password is right: that is ``login``'s.
"""
