"""Each thing that can be damaged is found, and named as what it is (the issue: `posthouse check`)."""

import zlib
from collections.abc import Callable

import pytest

from posthouse.database.identifiers import ModSeq
from posthouse.store.changes import Kind, write_change
from posthouse.store.folding import fold
from posthouse.store.messages import Where
from posthouse.store.placements import SEEN, Placements
from posthouse.upkeep.checks import inspection
from posthouse.upkeep.faults import FaultKind
from small_store import NOON

Damage = Callable[..., None]


def sql(statement: str) -> Damage:
    return lambda house: house.sql(statement)


DAMAGES: dict[str, tuple[FaultKind, str, Damage]] = {
    # Blobs.
    "a flipped bit": (
        FaultKind.BLOB_BYTES, "blob 1",
        sql("UPDATE blob SET bytes = CAST(replace(CAST(bytes AS TEXT), 'soup', 'soap') AS BLOB) WHERE blob_id = 1"),
    ),
    "bytes cut off": (
        FaultKind.BLOB_BYTES, "blob 1", sql("UPDATE blob SET bytes = substr(bytes, 1, length - 1) WHERE blob_id = 1")
    ),
    "bytes gone": (FaultKind.BLOB_BYTES, "blob 1", sql("UPDATE blob SET bytes = NULL WHERE blob_id = 1")),
    "another hash": (FaultKind.BLOB_BYTES, "blob 2", sql("UPDATE blob SET sha256 = x'00' WHERE blob_id = 2")),
    "an unknown encoding": (FaultKind.BLOB_BYTES, "blob 1", sql("UPDATE blob SET encoding = 'zip' WHERE blob_id = 1")),
    "an unknown kind": (FaultKind.BLOB_BYTES, "blob 1", sql("UPDATE blob SET kind = 'pack' WHERE blob_id = 1")),
    "a file without a name": (FaultKind.BLOB_BYTES, "blob 4", sql("UPDATE blob SET name = NULL WHERE blob_id = 4")),
    "one use too many": (FaultKind.BLOB_USES, "blob 1", sql("UPDATE blob SET uses = uses + 1 WHERE blob_id = 1")),
    "one use too few": (FaultKind.BLOB_USES, "blob 2", sql("UPDATE blob SET uses = uses - 1 WHERE blob_id = 2")),
    "a blob that nobody uses": (
        FaultKind.BLOB_USES, "blob 99",
        sql("INSERT INTO blob (blob_id, uses, kind, length, encoding, sha256, bytes)"
            " SELECT 99, 1, kind, length, encoding, sha256, bytes FROM blob WHERE blob_id = 1"),
    ),
    # Messages.
    "no blob": (FaultKind.MESSAGE_BLOB, "message 1", sql("UPDATE message SET blob_id = 77 WHERE message_id = 1")),
    "a damaged view": (
        FaultKind.MESSAGE_VIEW, "message 1", sql("UPDATE message SET view = x'81' WHERE message_id = 1")
    ),
    "an empty view": (FaultKind.MESSAGE_VIEW, "message 1", sql("UPDATE message SET view = x'' WHERE message_id = 1")),
    "a view of other bytes": (
        FaultKind.MESSAGE_VIEW, "message 4", sql("UPDATE message SET blob_id = 4 WHERE message_id = 4")
    ),
    "a view of another size": (
        FaultKind.MESSAGE_VIEW, "message 1", sql("UPDATE message SET size_octets = 5 WHERE message_id = 1")
    ),
    "another envelope": (
        FaultKind.MESSAGE_RENDITION, "message 1", sql("UPDATE message SET envelope = x'' WHERE message_id = 1")
    ),
    "another index of its fields": (
        FaultKind.MESSAGE_RENDITION, "message 1", sql("UPDATE message SET field_index = x'' WHERE message_id = 1")
    ),
    "other parts": (
        FaultKind.MESSAGE_RENDITION, "message 1",
        sql("UPDATE message SET parts = substr(parts, 2) WHERE message_id = 1"),
    ),
    "a message in no mailbox": (
        FaultKind.MESSAGE_NOWHERE, "message 99",
        sql("INSERT INTO message SELECT 99, account_id, blob_id, NULL, view, size_octets, rendition_version, envelope,"
            " bodystructure, field_index, fields, parts FROM message WHERE message_id = 1"),
    ),
    # Placements.
    "a message lost": (FaultKind.PLACEMENT, "account 1 mailbox 1", sql("DELETE FROM message WHERE message_id = 1")),
    "another account's message": (
        FaultKind.PLACEMENT, "account 1 mailbox 1", sql("UPDATE message SET account_id = 2 WHERE message_id = 1")
    ),
    "an expunged message lost early": (
        FaultKind.PLACEMENT, "account 2 mailbox 1",
        sql("DELETE FROM message WHERE account_id = 2 AND decision_id IS NULL"),
    ),
    "a deleted mailbox's message lost early": (
        FaultKind.PLACEMENT, "(deleted)",
        sql("DELETE FROM message WHERE message_id = (SELECT max(message_id) - 2 FROM message)"),
    ),
    # Listings and records.
    "a damaged listing row": (
        FaultKind.LISTING, "account 1 mailbox 1", sql("UPDATE listing SET checksum = 1 WHERE mailbox_id = 1")
    ),
    "a listing row gone": (
        FaultKind.LISTING, "account 2 mailbox 1", sql("DELETE FROM listing WHERE account_id = 2 AND mailbox_id = 1")
    ),
    "a deleted mailbox's listing": (
        FaultKind.LISTING, "(deleted)",
        sql("UPDATE listing SET columns = x'ff00000001' WHERE mailbox_id IN"
            " (SELECT -mailbox_id FROM counter WHERE mailbox_id < 0)"),
    ),
    "a cut record": (
        FaultKind.RECORD, "account 2 mailbox 1",
        sql("UPDATE change SET body = substr(body, 1, 9) WHERE account_id = 2 AND kind = 3"),
    ),
    "an unknown kind of record": (
        FaultKind.RECORD, "account 1 mailbox 1", sql("UPDATE change SET kind = 9 WHERE mailbox_id = 1 AND kind = 4")
    ),
    "octets behind a record": (
        FaultKind.RECORD, "account 1 mailbox 1",
        sql("UPDATE change SET body = CAST(body || x'00' AS BLOB) WHERE kind = 1"),
    ),
    # Counters and mailboxes.
    "messages": (FaultKind.COUNTER, "account 1 mailbox 1", sql("UPDATE counter SET messages = 9 WHERE mailbox_id = 1")),
    "unseen": (FaultKind.COUNTER, "account 2 mailbox 1", sql("UPDATE counter SET unseen = 9 WHERE mailbox_id = 1")),
    "octets": (FaultKind.COUNTER, "account 1 mailbox 1", sql("UPDATE counter SET octets = 9 WHERE mailbox_id = 1")),
    "uidnext": (FaultKind.COUNTER, "account 1 mailbox 1", sql("UPDATE counter SET uidnext = 3 WHERE mailbox_id = 1")),
    "modseq": (FaultKind.COUNTER, "account 1 mailbox 1", sql("UPDATE counter SET modseq = 2 WHERE mailbox_id = 1")),
    "the account's modseq": (
        FaultKind.COUNTER, "account 1 mailbox 1", sql("UPDATE counter SET modseq = 2 WHERE mailbox_id = 0")
    ),
    "the account's UIDVALIDITY": (
        FaultKind.COUNTER, "account 1 mailbox 1", sql("UPDATE counter SET uidvalidity = 2 WHERE mailbox_id = 0")
    ),
    "the next mailbox_id": (FaultKind.COUNTER, "account 1", sql("UPDATE counter SET uidnext = 2 WHERE mailbox_id = 0")),
    "a counter gone": (
        FaultKind.MAILBOX, "account 1", sql("DELETE FROM counter WHERE account_id = 1 AND mailbox_id = 2")
    ),
    "a mailbox row gone": (
        FaultKind.MAILBOX, "account 1", sql("DELETE FROM mailbox WHERE account_id = 1 AND mailbox_id = 2")
    ),
    "no INBOX": (FaultKind.MAILBOX, "account 2", sql("DELETE FROM mailbox WHERE account_id = 2 AND mailbox_id = 1")),
    "two of a name": (FaultKind.MAILBOX, "account 1", sql("UPDATE mailbox SET name = 'Sent' WHERE mailbox_id = 2")),
    "a keyword gone": (FaultKind.KEYWORD, "account 1 mailbox 1", sql("DELETE FROM keyword")),
    # The directory.
    "an address gone": (
        FaultKind.DIRECTORY, "alice@here.test", sql("DELETE FROM address WHERE address_key = 'alice@here.test'")
    ),
    "an address of nobody": (
        FaultKind.DIRECTORY, "bob@here.test", sql("UPDATE address SET account_id = 99 WHERE account_id = 2")
    ),
    "an alias without a target": (FaultKind.DIRECTORY, "team@here.test", sql("DELETE FROM alias_target")),
    "targets of nobody": (
        FaultKind.DIRECTORY, "team@here.test", sql("DELETE FROM address WHERE address_key = 'team@here.test'")
    ),
    "a domain gone": (FaultKind.DIRECTORY, "alice@here.test", sql("DELETE FROM domain")),
    "a domain under another key": (FaultKind.DIRECTORY, "here.test", sql("UPDATE domain SET name_key = 'x.test'")),
    "an address under another key": (
        FaultKind.DIRECTORY, "bob@here.test",
        sql("UPDATE address SET address_key = 'bobby@here.test' WHERE account_id = 2"),
    ),
    "a target under another key": (
        FaultKind.DIRECTORY, "team@here.test",
        sql("UPDATE alias_target SET target_key = 'x@here.test' WHERE target = 'bob@here.test'"),
    ),
    "a password of nobody": (
        FaultKind.DIRECTORY, "phone", sql("UPDATE application_password SET account_id = 99")
    ),
    "an account without mailboxes": (
        FaultKind.DIRECTORY, "bob@here.test", sql("DELETE FROM counter WHERE account_id = 2")
    ),
    "mailboxes of nobody": (FaultKind.DIRECTORY, "2", sql("DELETE FROM account WHERE account_id = 2")),
    # The queue.
    "an entry without bytes": (
        FaultKind.QUEUE, "queue entry 1", sql("UPDATE queue_entry SET blob_id = 77 WHERE queue_id = 1")
    ),
    "an entry with a damaged view": (
        FaultKind.QUEUE, "queue entry 2", sql("UPDATE queue_entry SET view = x'ff' WHERE queue_id = 2")
    ),
    "an entry of another size": (
        FaultKind.QUEUE, "queue entry 2", sql("UPDATE queue_entry SET size_octets = 1 WHERE queue_id = 2")
    ),
    "an entry owed to nobody": (
        FaultKind.QUEUE, "queue entry 2", sql("DELETE FROM queue_recipient WHERE queue_id = 2")
    ),
    "a recipient without an entry": (
        FaultKind.QUEUE, "queue entry 2", sql("DELETE FROM queue_entry WHERE queue_id = 2")
    ),
    "an entry without a decision": (
        FaultKind.QUEUE, "queue entry 2", sql("DELETE FROM decision WHERE decision_id = 3")
    ),
    "an unknown state": (FaultKind.QUEUE, "queue entry 1", sql("UPDATE queue_recipient SET state = 'lost'")),
    # Promise 7.
    "a recipient that nobody counted": (FaultKind.SUMS, "day", sql("UPDATE daily SET delivered = delivered - 1")),
    "a recipient accepted for nothing": (FaultKind.SUMS, "all days", sql("UPDATE daily SET accepted = accepted + 1")),
    "a day without sums": (FaultKind.SUMS, "day", sql("DELETE FROM daily WHERE day = (SELECT min(day) FROM daily)")),
    "a queued recipient that vanished": (
        FaultKind.SUMS, "all days", sql("DELETE FROM queue_recipient WHERE queue_id = 3")
    ),
    "a delivered message that vanished": (
        FaultKind.SUMS, "decision 1", sql("DELETE FROM message WHERE decision_id = 1")
    ),
    "a message delivered twice": (
        FaultKind.SUMS, "decision 1", sql("UPDATE message SET decision_id = 1 WHERE decision_id = 4")
    ),
    "a damaged decision": (FaultKind.SUMS, "decision 1", sql("UPDATE decision SET body = x'7b' WHERE decision_id = 1")),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_named(full, damage: str) -> None:
    kind, subject, do = DAMAGES[damage]
    do(full)
    found = full.check()
    assert any(fault.kind is kind and subject in fault.subject and fault.text for fault in found), found
    assert not any(fault.is_harmless for fault in found)


def test_every_kind_of_fault_has_a_damage() -> None:
    assert {kind for kind, _, _ in DAMAGES.values()} == set(FaultKind) - {FaultKind.ORPHAN_FILE}


@pytest.mark.parametrize("change", ["gone", "short", "long", "altered"])
def test_a_damaged_file_is_found_and_named(full, change: str) -> None:
    """Bodies beside the database: nobody else looks at them until somebody reads the message."""
    (name,) = full.disk.names("blobs")
    path = full.path / name
    octets = path.read_bytes()
    if change == "gone":
        path.unlink()
    else:
        altered = octets[:-9] + b"X" + octets[-8:]
        path.write_bytes({"short": octets[:-1], "long": octets + b"x", "altered": altered}[change])
    kinds = [(fault.kind, fault.subject) for fault in full.check()]
    assert (FaultKind.BLOB_BYTES, "blob 4") in kinds


def damaged_listing(house, alter: Callable[[Placements], None]) -> None:
    """Write a wrong listing with a right checksum, as a bug of ours would."""
    house.write(fold, house.alice, 1)
    rows = house.rows("SELECT first_uid, columns FROM listing WHERE account_id = 1 AND mailbox_id = 1")
    ((first_uid, columns),) = rows
    end = 4 + int.from_bytes(columns[:4], "little")
    placements = Placements.decode(columns[4:end])
    alter(placements)
    columns = columns[:4] + placements.encode() + columns[end:]
    house.sql(
        "UPDATE listing SET columns = ?, checksum = ? WHERE account_id = 1 AND mailbox_id = 1 AND first_uid = ?",
        (columns, zlib.crc32(columns), first_uid),
    )


def test_a_listing_that_is_not_what_its_records_say_is_found(full) -> None:
    """A fold must never change what anyone sees; its checksum would not tell."""

    def later_dates(placements: Placements) -> None:
        placements.internal_dates[0] += 1

    damaged_listing(full, later_dates)
    found = full.check()
    assert [(fault.kind, fault.text) for fault in found] == [
        (FaultKind.LISTING, "UID 1 is listed otherwise than it was added")
    ]


def test_flags_that_changed_by_themselves_are_found_by_the_sums(full) -> None:
    def all_seen(placements: Placements) -> None:
        placements.bits[:] = [bits | SEEN for bits in placements.bits]

    damaged_listing(full, all_seen)
    assert [fault.kind for fault in full.check()] == [FaultKind.COUNTER]


def test_a_message_that_an_expunge_record_names_and_a_listing_still_has_is_found(full) -> None:
    inbox = Where(full.alice, 1)
    body = full.listing(inbox).select(((1, 1),)).encode()
    full.sql("UPDATE counter SET modseq = 900 WHERE account_id = 1 AND mailbox_id IN (0, 1)")
    full.write(write_change, inbox.key, ModSeq(900), Kind.EXPUNGE, body, NOON)
    full.sql("UPDATE counter SET folded_modseq = 900 WHERE account_id = 1 AND mailbox_id = 1")
    assert any("UID 1 was expunged and is still listed" in fault.text for fault in full.check())


def test_faults_of_one_kind_are_not_listed_without_end(full, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 1.6: a store that is broken throughout must not fill the memory of whoever asks."""
    monkeypatch.setattr(inspection, "FAULTS_MAX", 2)
    full.sql("UPDATE blob SET sha256 = x'00'")
    full.sql("UPDATE message SET size_octets = 1")
    found = full.check()
    assert [fault.kind for fault in found].count(FaultKind.BLOB_BYTES) == 3
    assert [fault.subject for fault in found if fault.kind is FaultKind.BLOB_BYTES][-1] == "more"
    assert FaultKind.MESSAGE_VIEW in {fault.kind for fault in found}
