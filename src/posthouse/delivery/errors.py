"""Why a message that arrived whole is not taken. No protocol words: each door has its own table."""

from posthouse.message.status import Status


class DeliveryError(Exception):
    """The message was not accepted; nothing of it was kept."""


class TooManyHops(DeliveryError):
    """It bears so many Received fields that it must be going round in a loop (RFC 5321 6.3)."""


class HeaderTooLarge(DeliveryError):
    """Its header section is so long that not all of it would be looked at."""


class PlanOutdated(DeliveryError):
    """The directory changed, between RCPT and now, for one of the recipients: it must be asked anew."""


class AuthorRefused(DeliveryError):
    """The account may not write in the name that the From field gives, or none is given."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
