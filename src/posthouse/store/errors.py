"""What a user can ask of the store that it cannot do. No protocol words: each door has its own table."""


class StoreError(Exception):
    """Something was asked that the model does not allow; nothing was changed."""


class NoSuchMailbox(StoreError):
    """There is no mailbox of that name or key (any more)."""


class NoSuchDestination(NoSuchMailbox):
    """There is no mailbox of the name into which messages were to be put."""


class MessagesGone(StoreError):
    """Some of the messages that were named are not there any more."""


class MailboxExists(StoreError):
    """A mailbox of that name is there already."""


class MailboxNameRefused(StoreError):
    """The name cannot be a mailbox's: the text says why."""


class MailboxProtected(StoreError):
    """The mailbox may not be deleted or renamed: the text says why."""


class MailboxHasChildren(StoreError):
    """The mailbox holds others and cannot go before them."""


class TooManyKeywords(StoreError):
    """The account has as many keywords as it may ever have."""


class TooManyMailboxes(StoreError):
    """The account has as many mailboxes as it may have."""


class TooManySubscriptions(StoreError):
    """The account is subscribed to as many names as it may be."""
