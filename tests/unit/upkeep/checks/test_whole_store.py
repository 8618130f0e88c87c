"""A store that is whole has no fault, whatever has happened to it and wherever it is in its upkeep."""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from generated_mail import GeneratedMail, mails
from posthouse.database.errors import DatabaseError, SchemaTooNew, SchemaTooOld
from posthouse.database.sqlite.snapshot import open_for_reading
from posthouse.message.dates import Instant
from posthouse.store import erasure, retention
from posthouse.store.erasure import begin_erasure, erase_account
from posthouse.store.messages import Where, remove
from posthouse.store.retention import find_purge, find_unfolded, purge
from posthouse.upkeep.checking import check_store
from posthouse.upkeep.faults import FaultKind
from posthouse.upkeep.folding import Folding, fold_and_prune
from small_store import NOON, Store

EVERYTHING = ((1, 1 << 31),)
DAY = 24 * 3600 * 1_000_000


def test_an_empty_store_is_whole(house) -> None:
    assert house.check() == []


def test_a_store_that_has_seen_everything_is_whole(full) -> None:
    assert full.check() == []


def test_a_store_stays_whole_through_every_step_of_a_purge(full, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step may be the last of a process; what is half done must not look like damage."""
    monkeypatch.setattr(retention, "MESSAGES_A_STEP", 1)
    inbox = Where(full.alice, 1)
    full.write(remove, inbox, full.listing(inbox), EVERYTHING, NOON)
    later = Instant(NOON + 2 * DAY)
    steps = 0
    for account_id in (full.alice, full.bob):
        for mailbox_id in full.read(find_unfolded, account_id, later):
            full.runner.run(fold_and_prune(full.database, (account_id, mailbox_id)))
        while (step := full.read(find_purge, account_id, later)) is not None:
            full.write(purge, step)
            assert full.check(at=NOON + 40 * DAY) == []
            steps += 1
    assert steps > 5


def test_a_store_stays_whole_through_every_step_of_an_erasure(full, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "MESSAGES_A_STEP", 1)
    full.sql("DELETE FROM alias_target")
    full.sql("DELETE FROM address WHERE account_id IS NULL OR account_id = ?", (full.alice,))
    full.sql("DELETE FROM application_password")
    full.sql("DELETE FROM account WHERE account_id = ?", (full.alice,))
    full.write(begin_erasure, full.alice)
    while not full.write(erase_account, full.alice).is_complete:
        assert [fault for fault in full.check() if not fault.is_harmless] == []
    assert [fault for fault in full.check() if not fault.is_harmless] == []


def test_a_store_that_was_folded_and_pruned_is_whole(full) -> None:
    job = Folding(full.database)
    full.runner.run(job.turn())
    for account_id, mailbox_id in full.rows("SELECT account_id, mailbox_id FROM counter WHERE mailbox_id > 0"):
        full.runner.run(fold_and_prune(full.database, (account_id, mailbox_id)))
    assert full.check() == []


@given(mails())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_received_or_appended_is_whole(house, mail: GeneratedMail) -> None:
    """Wire forms made of what arrived are those of what the account sees, also where mail is malformed."""
    house.accept(mail.octets, "alice@here.test")
    house.accept(mail.octets, "bob@here.test", submitted=True)
    house.append(mail.octets, Where(house.alice, 1))
    assert house.check() == []


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"\r\n", b"no header at all", b"\r\nbody only", b"Subject: no body", b"Subject: x\n\nbare\n",
        b"junk\r\nSubject: x\r\n\r\n.\r\n", b"Subject: x\r\n folded\r\n\tmore\r\n\r\n", b"a: b\r\nnot a field\r\n\r\n",
        b"Return-Path: <forged@x>\r\nAuthentication-Results: mx.here.test; spf=pass\r\n\r\nhi\r\n", b": x\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\nSubject: within\r\n\r\nhello\r\n", b"\xff\xfe: \x80\r\n\r\n\x80",
    ],
)  # fmt: skip
def test_odd_mail_is_whole(house, octets: bytes) -> None:
    """Malformed mail is kept as it is (the issue); the check must not take its oddity for damage of ours."""
    house.accept(octets, "alice@here.test")
    house.accept(octets, "bob@here.test", submitted=True)
    house.append(octets, Where(house.alice, 1))
    assert house.check() == []


def test_a_store_is_checked_beside_the_server_that_writes_it(full) -> None:
    """The issue: `posthouse check`. It sees one moment, and holds up nobody."""
    with open_for_reading(full.path / "test.db") as tx:
        before = tx.row("SELECT count(*) FROM message")
        full.accept(b"Subject: meanwhile\r\n\r\n", "alice@here.test")
        assert tx.row("SELECT count(*) FROM message") == before
        assert check_store(tx, full.disk, Instant(NOON), lambda done, total: None) == []
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            tx.execute("DELETE FROM message")
    assert full.check() == []


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path) -> None:
    path = tmp_path / "posthouse.db"
    path.write_bytes(b"this is no database" * 1000)
    for missing in (path, tmp_path / "missing.db"):
        with pytest.raises(DatabaseError), open_for_reading(missing) as tx:
            check_store(tx, None, Instant(NOON), lambda done, total: None)


@pytest.mark.parametrize(("change", "error"), [("INSERT INTO schema_version VALUES (99)", SchemaTooNew),
                                               ("DELETE FROM schema_version WHERE version = 2", SchemaTooOld)])
def test_a_store_of_another_release_is_not_judged(tmp_path, change: str, error: type[DatabaseError]) -> None:
    store = Store(tmp_path)
    store.sql(change)
    store.close()
    with pytest.raises(error), open_for_reading(tmp_path / "test.db"):
        pass


def test_a_file_without_a_row_is_harmless_and_a_young_one_is_arriving(full) -> None:
    for name, age_days in (("blobs/0a/old", 3), ("blobs/0a/young", 0)):
        file = full.disk.create(name)
        file.write(b"x")
        file.finish()
        at = (NOON - age_days * DAY) / 1e6
        os.utime(full.path / name, (at, at))
    (fault,) = full.check()
    assert (fault.kind, fault.subject, fault.is_harmless) == (FaultKind.ORPHAN_FILE, "file blobs/0a/old", True)


def test_a_message_purged_after_its_time_is_not_missed(house) -> None:
    """Its decision is still there; that the message went is no fault."""
    house.accept(b"Subject: x\r\n\r\n", "alice@here.test")
    inbox = Where(house.alice, 1)
    house.write(remove, inbox, house.listing(inbox), EVERYTHING, NOON)
    house.runner.run(fold_and_prune(house.database, inbox.key))
    while (step := house.read(find_purge, house.alice, Instant(NOON + DAY))) is not None:
        house.write(purge, step)
    assert house.check(at=NOON + 31 * DAY) == []
