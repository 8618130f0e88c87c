"""What `checking.check_store` can find wrong."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """The kinds of fault, by the thing that is not as it must be."""

    BLOB_BYTES = "blob-bytes"                  # missing, too short, or not those of its SHA-256
    BLOB_USES = "blob-uses"                    # not as many as rows that name it
    MESSAGE_BLOB = "message-blob"              # a message row without its blob
    MESSAGE_VIEW = "message-view"              # a view that cannot be read, or is not of the size that its row says
    MESSAGE_RENDITION = "message-rendition"    # stored wire forms that are not those of the message
    MESSAGE_NOWHERE = "message-nowhere"        # a message that stands in no mailbox and was expunged from none
    PLACEMENT = "placement"                    # a mailbox that lists a message which is not there or is another
    LISTING = "listing"                        # a folded listing that is damaged or not what its records say
    RECORD = "record"                          # a change record that cannot be read
    COUNTER = "counter"                        # sums, UIDs or modseqs that are not those of the listing
    MAILBOX = "mailbox"                        # mailbox, counter and account rows that do not fit together
    KEYWORD = "keyword"                        # a bit that no keyword stands for
    DIRECTORY = "directory"                    # accounts, addresses, aliases and domains that do not fit together
    QUEUE = "queue"                            # entries, recipients, bytes and decisions that do not fit together
    SUMS = "sums"                              # promise 7: accepted recipients and what became of them
    ORPHAN_FILE = "orphan-file"                # a message file that no row names: harmless, removed by the server


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it must be. `subject` names it ("blob 12"); `text` is a sentence about it."""

    kind: FaultKind
    subject: str
    text: str

    @property
    def is_harmless(self) -> bool:
        """Whether the store is whole in spite of it."""
        return self.kind is FaultKind.ORPHAN_FILE
