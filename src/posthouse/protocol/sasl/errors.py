"""How a SASL exchange can fail before any password is looked at."""


class SaslSyntaxError(ValueError):
    """What the client sent does not follow the mechanism or is no base64. Its text may be told to the peer."""


class SaslCancelled(Exception):
    """The client gave up the exchange by sending ``*`` (RFC 4954 4, RFC 3501 6.2.2, RFC 5034 4)."""
