"""The one file that knows everyone: it puts the rooms together, and opens the doors on them.

`open_rooms` makes everything below the doors, for a worker as for a command that runs without a server
(`cli.alone`). `work` is a worker's life: rooms, doors, until it is told to stop.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NoReturn

import uvloop

from posthouse.config import Config, DoorName
from posthouse.config.development import DevelopmentKeys
from posthouse.database.blobs.spool import BlobFiles
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.delivery.delivery import Delivery
from posthouse.delivery.events import MailAccepted
from posthouse.directory.accounts import find_account
from posthouse.directory.domains import find_domain
from posthouse.directory.reader import DirectoryReader
from posthouse.directory.version import LOGINS_TOPIC
from posthouse.doors.connections import Connections
from posthouse.doors.control.answering import Answering
from posthouse.doors.control.door import ControlDoor, serve_control
from posthouse.doors.control.message_answers import MessageAnswers
from posthouse.doors.control.requests import AddAccount, AddDomain, AnyRequest
from posthouse.doors.control.responses import Done
from posthouse.doors.control.submitting import SubmissionLimits
from posthouse.doors.control.wire import ReceivedRequest
from posthouse.doors.imap.door import ImapDoor
from posthouse.doors.imap.flag_names import Keywords
from posthouse.doors.imap.services import ImapServices, ImapSettings
from posthouse.doors.listening import Encryption, Listener
from posthouse.doors.listening import serve as serve_listener
from posthouse.doors.pop3.door import Pop3Door
from posthouse.doors.pop3.services import Pop3Services, Pop3Settings
from posthouse.doors.session import Door
from posthouse.doors.smtp.door import SmtpDoor
from posthouse.doors.smtp.receiver import ReceiverJudge
from posthouse.doors.smtp.services import SmtpServices
from posthouse.doors.smtp.submission import SubmissionJudge
from posthouse.login.login import Login
from posthouse.message.address import Domain, parse_address
from posthouse.protocol.imap.settings import SessionSettings as ImapSessionSettings
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.clock import SystemClock
from posthouse.runtime.data_directory import DataDirectory
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.journal import Event, Journal, Severity, standard_error
from posthouse.runtime.local_socket import listen_locally
from posthouse.runtime.machine import machine_name
from posthouse.runtime.network import Listening, refuse_more
from posthouse.runtime.process import ExitCode, WorkerLink, calm_the_collector, raise_descriptor_limit
from posthouse.runtime.supervisor import Hangup, Milestones, Supervisor
from posthouse.runtime.tls import Certificates, CertificateUnusable
from posthouse.runtime.workers import Workers
from posthouse.store.opened import OpenMailboxes
from posthouse.upkeep.upkeep import Upkeep

SYNC_THREADS: Final = 4                # big bodies that are synced at once
HASHING_THREADS: Final = 2             # 19 MiB and 25 ms of a core each
EXAMINING_THREADS: Final = 1           # big messages; the interpreter runs one at a time anyway
WAITING_MAX: Final = 1_000


class CertificatesReloaded(Event, frozen=True):
    """New handshakes show the certificates as they are in their files now."""


class CertificatesKept(Event, frozen=True):
    """The files could not be used; everything stays as it was."""

    severity = Severity.WARNING
    reason: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """One server: where its data is, what it was told, and the sockets that it listens on."""

    data: DataDirectory
    config: Config
    listening: Mapping[DoorName, tuple[Listening, ...]]
    development: DevelopmentKeys | None = None
    """What `--dev` made up. Then, as only loopback is served, a password may come in the clear."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything below the doors, for one process and its loop."""

    clock: SystemClock
    chance: SystemChance
    database: SqliteDatabase
    directory: DirectoryReader
    mailboxes: OpenMailboxes
    delivery: Delivery
    answering: Answering
    hashing: Workers
    examining: Workers
    syncing: ThreadPoolExecutor

    async def close(self) -> None:
        """Finish what was begun, close the files, end the threads."""
        await self.database.close()
        self.hashing.close()
        self.examining.close()
        self.syncing.shutdown()


def open_rooms(data: DataDirectory, config: Config, engine: EngineSettings) -> Rooms:
    """Put the rooms together. Called on the loop that they serve, by whoever holds the data directory's lock.

    Raises DatabaseError when the database cannot be opened.
    """
    clock, chance = SystemClock(), SystemChance()
    database = SqliteDatabase(data.database, engine)
    directory, mailboxes = DirectoryReader(database), OpenMailboxes(database)
    syncing = ThreadPoolExecutor(SYNC_THREADS, "sync")
    hashing = Workers("hash", threads=HASHING_THREADS, waiting_max=WAITING_MAX)
    examining = Workers("examine", threads=EXAMINING_THREADS, waiting_max=WAITING_MAX)
    blobs = BlobFiles(SystemDisk(data.path), chance, syncing)
    delivery = Delivery(database, directory, blobs, examining, config.hostname or machine_name())
    limits = SubmissionLimits(config.smtp.message_size_octets_max, config.smtp.recipients_max)
    messages = MessageAnswers(database, delivery, mailboxes, limits, clock=clock, chance=chance)
    answering = Answering(database, messages, hashing, clock=clock, chance=chance)
    return Rooms(
        clock, chance, database, directory, mailboxes, delivery, answering, hashing, examining, syncing
    )


async def work(deployment: Deployment, link: WorkerLink, journal: Journal) -> None:
    """A worker's life: open the rooms, then the doors; when told to stop, finish what is in flight and close both.

    Raises DatabaseError, CertificateUnusable, OSError when it cannot begin.
    """
    config = deployment.config
    certificates = Certificates(config.certificates)
    rooms = open_rooms(deployment.data, config, EngineSettings(sqlite=config.engine))
    # What failed may still be found after a crash: no peer hears a word, and the next worker starts on what is there.
    rooms.database.on_sync_failed(lambda failure: _die(journal))
    stopped = asyncio.Event()
    link.attach(
        asyncio.get_running_loop(), stop=stopped.set, reload=partial(_reload, certificates, journal),
        die=partial(_die, journal),
    )
    connections = Connections(
        config.sessions, certificates, clock=rooms.clock, chance=rooms.chance, journal=journal
    )
    rooms.database.listen(partial(_log_out, connections))
    rooms.database.listen(partial(_write_down, journal))
    try:
        if deployment.development is not None:
            await furnish(rooms, deployment.development)
        upkeep = Upkeep(rooms.database, rooms.delivery.blobs.disk, rooms.clock, journal)
        async with asyncio.TaskGroup() as tasks:
            keeping_time = tasks.create_task(connections.keep_time())
            keeping_up = tasks.create_task(upkeep.run())
            listeners = await _open_doors(deployment, rooms, connections)
            link.say_ready()
            await stopped.wait()
            for listener in listeners:
                listener.stop()
            await connections.shut_down()
            keeping_time.cancel()
            keeping_up.cancel()
    finally:
        await rooms.close()


async def _open_doors(deployment: Deployment, rooms: Rooms, connections: Connections) -> list[Listener]:
    doors = _doors(rooms, deployment.config, clear_login_is_allowed=deployment.development is not None)
    control = listen_locally(deployment.data.control_socket)
    return [
        await serve_control(control, ControlDoor(rooms.answering), connections),
        *[
            await serve_listener(one.socket, *doors[name], connections)
            for name, listening in deployment.listening.items()
            for one in listening
        ],
    ]


def _doors(rooms: Rooms, config: Config, *, clear_login_is_allowed: bool) -> dict[DoorName, tuple[Door, Encryption]]:
    """What each listener leads to, and when its connections are encrypted."""
    login = Login(rooms.database, rooms.hashing, rooms.clock, rooms.chance, config.login)
    smtp, submission = _smtp_services(rooms, config, login, clear_login_is_allowed)
    imap = ImapServices(
        ImapSettings(
            ImapSessionSettings(append_octets_max=config.smtp.message_size_octets_max),
            clear_login_is_allowed=clear_login_is_allowed,
        ),
        rooms.database, rooms.mailboxes, Keywords(rooms.database), rooms.delivery.blobs, rooms.examining, login,
        rooms.clock,
    )  # fmt: skip
    pop3 = Pop3Services(
        Pop3Settings(clear_login_is_allowed=clear_login_is_allowed),
        rooms.database, rooms.mailboxes, rooms.delivery.blobs.disk, login, rooms.clock,
    )  # fmt: skip
    return {
        DoorName.SMTP: (SmtpDoor(DoorName.SMTP, smtp), Encryption.ON_REQUEST),
        DoorName.SUBMISSION: (SmtpDoor(DoorName.SUBMISSION, submission), Encryption.ON_REQUEST),
        DoorName.SUBMISSIONS: (SmtpDoor(DoorName.SUBMISSIONS, submission), Encryption.FROM_START),
        DoorName.IMAP: (ImapDoor(DoorName.IMAP, imap), Encryption.ON_REQUEST),
        DoorName.IMAPS: (ImapDoor(DoorName.IMAPS, imap), Encryption.FROM_START),
        DoorName.POP3: (Pop3Door(DoorName.POP3, pop3), Encryption.ON_REQUEST),
        DoorName.POP3S: (Pop3Door(DoorName.POP3S, pop3), Encryption.FROM_START),
    }


def _smtp_services(
    rooms: Rooms, config: Config, login: Login, clear_login_is_allowed: bool
) -> tuple[SmtpServices, SmtpServices]:
    """What the doors of port 25, and those of submission, work with."""
    settings = replace(config.smtp, hostname=rooms.delivery.hostname, starttls_is_available=True)
    smtp = SmtpServices(
        ReceiverJudge(), settings, rooms.directory, rooms.delivery, rooms.delivery.blobs, login, rooms.clock
    )
    demanding = replace(
        settings, mechanisms=("PLAIN", "LOGIN"), require_authentication=True,
        require_tls_for_authentication=not clear_login_is_allowed,
    )  # fmt: skip
    return smtp, replace(smtp, judge=SubmissionJudge(rooms.directory), settings=demanding)


def _die(journal: Journal) -> NoReturn:
    """End the process as by a power cut."""
    journal.flush()
    os._exit(ExitCode.FAULT)


def _log_out(connections: Connections, topics: set[Hashable]) -> None:
    """End the sessions of accounts whose logins have become worthless."""
    for topic in topics:
        match topic:
            case (str(kind), int(account_id)) if kind == LOGINS_TOPIC:
                connections.log_out(AccountId(account_id))


def _write_down(journal: Journal, topics: set[Hashable]) -> None:
    """Have the journal tell of each message that is on disk now."""
    for topic in topics:
        if isinstance(topic, MailAccepted):
            journal.write(topic)


def _reload(certificates: Certificates, journal: Journal) -> None:
    try:
        certificates.reload()
    except CertificateUnusable as error:
        journal.write(CertificatesKept(reason=str(error)))
    else:
        journal.write(CertificatesReloaded())


async def furnish(rooms: Rooms, keys: DevelopmentKeys) -> None:
    """Make the domain and accounts that `--dev` promises, those of them that are not there. Raises DatabaseError."""
    wanted: list[AnyRequest] = []
    if rooms.database.read(lambda tx: find_domain(tx, Domain(keys.domain).key)) is None:
        wanted.append(AddDomain(name=keys.domain))
    for address in keys.accounts:
        if rooms.database.read(partial(find_account, address=parse_address(address))) is None:
            wanted.append(AddAccount(address=address, password=keys.password))
    for request in wanted:
        response = (await rooms.answering.answer(ReceivedRequest(request, b""))).response
        if not isinstance(response, Done):
            raise DatabaseError(f"what --dev needs could not be made: {response}")


def serve(deployment: Deployment, announce: Callable[[], None]) -> int:
    """Serve until told to stop; `announce` is called when every door is open. Returns the exit status."""
    clock = SystemClock()
    journal = Journal(clock, standard_error, for_people=sys.stderr.isatty())
    raise_descriptor_limit()
    hangup = Hangup.RELOADS if deployment.development is None else Hangup.STOPS
    live = partial(_live, deployment, journal)
    sockets = [one.socket for listening in deployment.listening.values() for one in listening]
    milestones = Milestones(ready=announce, stopping=partial(refuse_more, sockets))
    return Supervisor(live, milestones, clock=clock, journal=journal, hangup=hangup).run()


def _live(deployment: Deployment, journal: Journal, link: WorkerLink) -> ExitCode:
    """A worker process from its fork to its end."""

    async def main() -> None:
        journal.gather(asyncio.get_running_loop().call_soon)
        await work(deployment, link, journal)

    calm_the_collector()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
    except (DatabaseError, CertificateUnusable, OSError) as error:
        print(f"posthouse: the server cannot start: {error}", file=sys.stderr)    # noqa: T201 nobody else can say it
        return ExitCode.CANNOT_START
    finally:
        journal.gather(None)
    return ExitCode.DONE
