"""The keys of stored things, each its own type, so that none is taken for another."""

from typing import NewType

TenantId = NewType("TenantId", int)
DomainId = NewType("DomainId", int)
AccountId = NewType("AccountId", int)
MailboxId = NewType("MailboxId", int)
MessageId = NewType("MessageId", int)
"""The key of a stored message (not the Message-ID header field)."""
BlobId = NewType("BlobId", int)
QueueId = NewType("QueueId", int)
DecisionId = NewType("DecisionId", int)
Uid = NewType("Uid", int)
"""A message's number in its mailbox: 1 to 4,294,967,295, only ever growing (RFC 3501 2.3.1.1)."""
ModSeq = NewType("ModSeq", int)
"""A point in an account's history; each change record has its own (RFC 7162 3.1.1)."""

DEFAULT_TENANT = TenantId(1)
