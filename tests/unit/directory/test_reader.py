"""The reader answers from memory, never with what a change has made untrue."""

import pytest

from posthouse.directory.accounts import Role, add_account, remove_account
from posthouse.directory.domains import add_domain
from posthouse.directory.reader import DirectoryReader
from posthouse.directory.resolution import Standing
from posthouse.directory.version import Occasion, version
from posthouse.message.address import POSTMASTER, Domain, parse_address
from posthouse.message.dates import Instant

NOW = Occasion(Instant(5), "test")
ADA = parse_address("ada@example.org")


class CountingDatabase:
    """Passes everything on and counts what is read."""

    def __init__(self, database) -> None:
        self._database = database
        self.reads = 0

    def read(self, operation):
        self.reads += 1
        return self._database.read(operation)

    def listen(self, listener) -> None:
        self._database.listen(listener)


@pytest.fixture
def counting(engine):
    engine.write(add_domain, Domain("example.org"), NOW)
    engine.write(add_account, ADA, None, Role.USER, NOW)
    return CountingDatabase(engine.database)


def test_a_second_question_reads_nothing(counting) -> None:
    reader = DirectoryReader(counting)
    first = reader.resolve(ADA)
    reads = counting.reads
    assert reader.resolve(parse_address("ada@example.org")) is first
    assert counting.reads == reads


def test_who_is_unknown_is_remembered_too(counting) -> None:
    reader = DirectoryReader(counting)
    stranger = parse_address("nobody@example.org")
    assert reader.resolve(stranger).standing is Standing.UNKNOWN
    reads = counting.reads
    assert reader.resolve(stranger).standing is Standing.UNKNOWN
    assert counting.reads == reads


def test_a_change_is_seen_by_whoever_was_told_of_it(engine, counting) -> None:
    """A running server sees each change at once: the reader forgets before the change's caller hears."""
    reader = DirectoryReader(counting)
    assert reader.resolve(ADA).exists
    assert reader.version == engine.read(version)
    assert reader.resolve(POSTMASTER).exists
    engine.write(remove_account, ADA, NOW)
    assert not reader.resolve(ADA).exists
    assert reader.resolve(POSTMASTER).standing is Standing.UNATTENDED
    assert reader.version == engine.read(version)


def test_other_announcements_make_nobody_forget(engine, counting) -> None:
    reader = DirectoryReader(counting)
    reader.resolve(ADA)
    reads = counting.reads
    engine.write(lambda tx: tx.announce(("mailbox", 1)))
    reader.resolve(ADA)
    assert counting.reads == reads


def test_the_version_is_never_newer_than_what_is_remembered(engine, counting) -> None:
    """An operation that was planned on an old answer must find out: a newer version would hide it."""
    reader = DirectoryReader(counting)
    assert reader.version == engine.read(version)
    reader.resolve(ADA)
    reader.forget()
    reader.resolve(ADA)
    assert reader.version == engine.read(version)


def test_what_is_remembered_is_bounded(counting) -> None:
    """DESIGN 1.6: a guesser of addresses must not fill the memory."""
    reader = DirectoryReader(counting, resolutions_max=3)
    asked = [parse_address(f"guess{number}@example.org") for number in range(5)]
    for each in asked:
        reader.resolve(each)
    reads = counting.reads
    reader.resolve(asked[-1])
    reader.resolve(asked[-3])
    assert counting.reads == reads
    reader.resolve(asked[0])
    assert counting.reads > reads
