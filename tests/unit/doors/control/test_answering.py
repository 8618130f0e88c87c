"""Every request is one operation, done when its response says so; every mistake has words that say what to do."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from posthouse.database.blobs.spool import BlobFiles
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.delivery.delivery import Delivery
from posthouse.directory.credentials import credentials_of, find_application_password
from posthouse.directory.reader import DirectoryReader
from posthouse.doors.control import requests
from posthouse.doors.control.answering import Answering
from posthouse.doors.control.message_answers import Answer, MessageAnswers
from posthouse.doors.control.requests import AnyRequest
from posthouse.doors.control.responses import (
    AccountDetails,
    AccountShown,
    AccountsListed,
    AliasesListed,
    AliasRow,
    AnyResponse,
    ApplicationPasswordMade,
    DomainRow,
    DomainsListed,
    Done,
    MessagesFetched,
    MessageSubmitted,
    QueueListed,
    Refused,
)
from posthouse.doors.control.submitting import SubmissionLimits
from posthouse.doors.control.wire import ReceivedRequest
from posthouse.login.passwords import application_password_sha256, verify_password
from posthouse.message.dates import Instant
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.workers import Workers
from posthouse.store.opened import OpenMailboxes

T = TypeVar("T")
SMALL = EngineSettings(sqlite=SqliteSettings(log_octets=1 << 20))
PASSWORD = "correct horse"
LIMITS = SubmissionLimits(message_octets_max=3_000_000)
LETTER = b"From: <anna@example.org>\r\nTo: <ben@example.org>\r\nSubject: x\r\n\r\nHello\r\n"


class StillClock:
    """24 November 2026, 08:00 UTC, for ever."""

    def now(self) -> Instant:
        return Instant(1_795_507_200_000_000)

    def monotonic(self) -> float:
        return 0.0


class House:
    """A whole database with everything that answers requests."""

    def __init__(self, path: Path, threads: ThreadPoolExecutor) -> None:
        self.database = SqliteDatabase(path / "test.db", SMALL)
        self.workers = Workers("hash", threads=1, waiting_max=10)
        directory = DirectoryReader(self.database)
        blobs = BlobFiles(SystemDisk(path), SystemChance(), threads)
        delivery = Delivery(self.database, directory, blobs, self.workers, "mail.example.org")
        clock, chance = StillClock(), SystemChance()
        messages = MessageAnswers(
            self.database, delivery, OpenMailboxes(self.database), LIMITS, clock=clock, chance=chance
        )
        self.answering = Answering(self.database, messages, self.workers, clock=clock, chance=chance)

    async def ask(self, request: AnyRequest, octets: bytes = b"") -> AnyResponse:
        return (await self.answer(request, octets)).response

    async def answer(self, request: AnyRequest, octets: bytes = b"") -> Answer:
        return await self.answering.answer(ReceivedRequest(request, octets))

    async def furnish(self) -> None:
        """One domain with two accounts."""
        assert await self.ask(requests.AddDomain(name="example.org")) == Done()
        for name in ("anna", "ben"):
            added = await self.ask(requests.AddAccount(address=f"{name}@example.org", password=None))
            assert added == Done()

    async def close(self) -> None:
        await self.database.close()
        self.workers.close()


Scenario = Callable[[House], Coroutine[None, None, T]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Scenario[T]], T]:
    def run_scenario(scenario: Scenario[T]) -> T:
        async def main() -> T:
            with ThreadPoolExecutor(1) as threads:
                house = House(tmp_path, threads)
                try:
                    return await scenario(house)
                finally:
                    await house.close()

        return asyncio.run(main())

    return run_scenario


def test_domains_are_added_listed_shown_and_removed(run: Callable[[Scenario[None]], None]) -> None:
    """The four verbs of a family, and the same words in each listing."""

    async def scenario(house: House) -> None:
        row = DomainRow("Example.org", "2026-11-24T08:00:00Z")
        assert await house.ask(requests.AddDomain(name="Example.org")) == Done()
        assert await house.ask(requests.ListDomains()) == DomainsListed(domains=(row,))
        assert await house.ask(requests.ShowDomain(name="EXAMPLE.ORG")) == DomainsListed(domains=(row,))
        assert await house.ask(requests.RemoveDomain(name="example.org")) == Done()
        assert await house.ask(requests.ListDomains()) == DomainsListed(domains=())

    run(scenario)


def test_an_account_comes_with_its_mailboxes_and_a_hashed_password(run: Callable[[Scenario[None]], None]) -> None:
    """The password is kept as argon2id and as nothing else; INBOX is there at once."""

    async def scenario(house: House) -> None:
        await house.furnish()
        assert await house.ask(requests.AddAccount(address="eva@example.org", password=PASSWORD)) == Done()
        kept = house.database.read(lambda tx: credentials_of(tx, "eva@example.org"))
        assert kept is not None
        assert kept.password_hash is not None
        assert verify_password(kept.password_hash, PASSWORD)
        fetched = await house.ask(requests.FetchMessages(address="eva@example.org"))
        assert fetched == MessagesFetched(messages=(), is_last=True)

    run(scenario)


def test_accounts_are_listed_shown_and_removed(run: Callable[[Scenario[None]], None]) -> None:
    """What is listed of an account is nothing secret."""

    async def scenario(house: House) -> None:
        await house.furnish()
        listed = await house.ask(requests.ListAccounts(domain="example.org"))
        assert isinstance(listed, AccountsListed)
        assert [row.address for row in listed.accounts] == ["anna@example.org", "ben@example.org"]
        shown = await house.ask(requests.ShowAccount(address="ANNA@example.org"))
        expected = AccountDetails("anna@example.org", "user", False, "2026-11-24T08:00:00Z", application_passwords=())
        assert shown == AccountShown(account=expected)
        assert await house.ask(requests.RemoveAccount(address="anna@example.org")) == Done()
        assert isinstance(await house.ask(requests.ShowAccount(address="anna@example.org")), Refused)

    run(scenario)


def test_a_new_password_makes_the_old_one_useless(run: Callable[[Scenario[None]], None]) -> None:
    """The version of the credentials is raised, so that no cache lets the old one in."""

    async def scenario(house: House) -> None:
        await house.furnish()
        before = house.database.read(lambda tx: credentials_of(tx, "anna@example.org"))
        assert await house.ask(requests.SetPassword(address="anna@example.org", password=PASSWORD)) == Done()
        after = house.database.read(lambda tx: credentials_of(tx, "anna@example.org"))
        assert before is not None
        assert after is not None
        assert after.credential_version > before.credential_version
        assert verify_password(after.password_hash or "", PASSWORD)

    run(scenario)


def test_an_application_password_is_shown_once_and_kept_as_its_hash(run: Callable[[Scenario[None]], None]) -> None:
    """Issue 4: makes one, shows it once."""

    async def scenario(house: House) -> None:
        await house.furnish()
        request = requests.AddApplicationPassword(address="anna@example.org", label="phone")
        made = await house.ask(request)
        assert isinstance(made, ApplicationPasswordMade)
        assert made.password not in repr(made)
        sha256 = application_password_sha256(made.password)
        account = house.database.read(lambda tx: credentials_of(tx, "anna@example.org"))
        assert account is not None
        assert house.database.read(lambda tx: find_application_password(tx, account.account_id, sha256)) is not None
        shown = await house.ask(requests.ShowAccount(address="anna@example.org"))
        assert isinstance(shown, AccountShown)
        assert [row.label for row in shown.account.application_passwords] == ["phone"]
        removal = requests.RemoveApplicationPassword(address="anna@example.org", label="phone")
        assert await house.ask(removal) == Done()
        assert isinstance(await house.ask(removal), Refused)

    run(scenario)


def test_aliases_are_added_listed_shown_and_removed(run: Callable[[Scenario[None]], None]) -> None:
    """Targets here and elsewhere."""

    async def scenario(house: House) -> None:
        await house.furnish()
        row = AliasRow("all@example.org", ("anna@example.org", "x@elsewhere.example"))
        added = await house.ask(requests.AddAlias(address=row.address, targets=row.targets))
        assert added == Done()
        assert await house.ask(requests.ListAliases()) == AliasesListed(aliases=(row,))
        assert await house.ask(requests.ListAliases(domain="example.org")) == AliasesListed(aliases=(row,))
        assert await house.ask(requests.ShowAlias(address="All@example.org")) == AliasesListed(aliases=(row,))
        assert await house.ask(requests.RemoveAlias(address=row.address)) == Done()
        assert await house.ask(requests.ListAliases()) == AliasesListed(aliases=())

    run(scenario)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (requests.AddDomain(name="not a domain"), "'not a domain' is no domain"),
        (requests.AddDomain(name="[192.0.2.1]"), "give a domain name"),
        (requests.AddDomain(name="example.org"), "already"),
        (requests.RemoveDomain(name="example.org"), "remove them first"),
        (requests.ListAccounts(domain="nowhere.example"), "add it first"),
        (requests.AddAccount(address="anna", password=None), "'anna' is no address"),
        (requests.AddAccount(address="ANNA@example.org", password=None), "taken by the account"),
        (requests.AddAccount(address="new@example.org", password="short"), "at least 8"),
        (requests.SetPassword(address="nobody@example.org", password=PASSWORD), "no account"),
        (requests.AddAlias(address="a@example.org", targets=("nobody@example.org",)), "add its account or alias first"),
        (requests.ShowQueueEntry(queue_id=7), "posthouse queue list"),
        (requests.FetchMessages(address="anna@example.org", mailbox="Nowhere"), "no mailbox"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_what_to_do(
    run: Callable[[Scenario[AnyResponse]], AnyResponse], request_: AnyRequest, word: str
) -> None:
    """Issue 4: each error says what to do next."""

    async def scenario(house: House) -> AnyResponse:
        await house.furnish()
        return await house.ask(request_)

    response = run(scenario)
    assert isinstance(response, Refused)
    assert word in response.reason


def test_a_submitted_message_is_delivered_and_fetched_as_its_account_sees_it(
    run: Callable[[Scenario[None]], None],
) -> None:
    """Through the view: trace fields before, the stored octets behind, and what was missing made complete."""

    async def scenario(house: House) -> None:
        await house.furnish()
        paths = ("ben@example.org", "x@elsewhere.example")
        request = requests.SubmitMessage(reverse_path="anna@example.org", forward_paths=paths, octets=len(LETTER))
        submitted = await house.ask(request, LETTER)
        assert isinstance(submitted, MessageSubmitted)
        assert (submitted.delivered, submitted.queue_id) == (1, 1)
        answer = await house.answer(requests.FetchMessages(address="ben@example.org"))
        assert isinstance(answer.response, MessagesFetched)
        assert [one.octets for one in answer.response.messages] == [len(answer.octets)]
        delivery_prefix = b"Return-Path: <anna@example.org>\r\nDelivered-To: ben@example.org\r\n"
        assert answer.octets.startswith(delivery_prefix + b"Received: ")
        assert answer.octets.endswith(b"\r\n\r\nHello\r\n")
        assert b"\r\nMessage-ID: <" in answer.octets
        queue = await house.ask(requests.ListQueue())
        assert isinstance(queue, QueueListed)
        assert [recipient.forward_path for recipient in queue.entries[0].recipients] == ["x@elsewhere.example"]
        assert await house.ask(requests.ShowQueueEntry(queue_id=1)) == queue

    run(scenario)


@pytest.mark.parametrize(
    ("paths", "octets", "word"),
    [
        ((), LETTER, "no recipients"),
        (("ben@example.org",) * 1001, LETTER, "at most 1000"),
        (("ben@example.org",), LETTER + b"x" * 3_000_000, "over this server's limit of 3,000,000"),
        (("nobody@example.org", "neither@example.org"), LETTER, "nobody@example.org: nobody here"),
        (("ben@example.org",), b"Subject: x\n\n", "CRLF"),
        (("ben@example.org",), b"Subject: x\r\n\r\n\0\r\n", "NUL"),
        (("ben@example.org",), b"Subject: x\r\n\r\na\rb\r\n", "CRLF"),
        (("ben@example.org",), b"Received: x\r\n" * 101 + b"\r\n", "Received"),
        (("not an address",), LETTER, "no address"),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_taken_is_refused_whole(
    run: Callable[[Scenario[AnyResponse]], AnyResponse], paths: tuple[str, ...], octets: bytes, word: str
) -> None:
    """For all recipients or for none; the reason names the fault."""

    async def scenario(house: House) -> AnyResponse:
        await house.furnish()
        request = requests.SubmitMessage(reverse_path="", forward_paths=paths, octets=len(octets))
        response = await house.ask(request, octets)
        assert await house.ask(requests.FetchMessages(address="ben@example.org")) == MessagesFetched(
            messages=(), is_last=True
        )
        return response

    response = run(scenario)
    assert isinstance(response, Refused)
    assert word in response.reason


def test_a_big_mailbox_is_fetched_page_by_page(run: Callable[[Scenario[None]], None]) -> None:
    """DESIGN 5: pages of at most 1 MiB; one message may be longer than a page, and then it is one alone."""

    async def scenario(house: House) -> None:
        await house.furnish()
        for size in (10, 600_000, 600_000, 2_000_000, 10):
            octets = LETTER + (b"x" * 998 + b"\r\n") * (size // 1000)
            request = requests.SubmitMessage(reverse_path="", forward_paths=("ben@example.org",), octets=len(octets))
            assert isinstance(await house.ask(request, octets), MessageSubmitted)
        pages, after, is_last = [], 0, False
        while not is_last:
            answer = await house.answer(requests.FetchMessages(address="ben@example.org", after_uid=after))
            assert isinstance(answer.response, MessagesFetched)
            pages.append([message.uid for message in answer.response.messages])
            after, is_last = pages[-1][-1], answer.response.is_last
        assert pages == [[1, 2], [3], [4], [5]]
        last = await house.ask(requests.FetchMessages(address="ben@example.org", last=True))
        assert isinstance(last, MessagesFetched)
        assert [message.uid for message in last.messages] == [5]

    run(scenario)
