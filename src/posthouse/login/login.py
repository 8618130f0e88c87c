"""One login for every door: is this the account's password, and may it be asked at all?

In this order: shut out, too many at once, application password, verified before, known to be wrong; only then is
argon2id asked, on a thread. A right password that is known already is answered at once, so that a door needs no task.
A name that nobody has takes the same way and the same time as one that exists.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final, NoReturn

from posthouse.database.database import Database
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.directory.credentials import (
    StoredCredentials,
    credential_version,
    credentials_of,
    find_application_password,
    rehash_password,
)
from posthouse.directory.errors import NoSuchAccount
from posthouse.login.errors import LoginBusy, LoginRefused, LoginShutOut
from posthouse.login.failures import FailureBook, Origin
from posthouse.login.guesses import Finding, Guess, Guesses
from posthouse.login.held_replies import HeldReplies
from posthouse.login.passwords import application_password_sha256
from posthouse.login.verified import Digests, VerifiedLogins
from posthouse.message.address import Address, AddressSyntaxError, parse_address
from posthouse.policy.networks import NetworkKey
from posthouse.policy.rates import DEFAULT_THROTTLE, ShutOut, ThrottleLimits
from posthouse.protocol.sasl.mechanisms import Credentials
from posthouse.runtime.chance import Chance
from posthouse.runtime.clock import Clock
from posthouse.runtime.workers import Workers

# Of today's parameters, and of no password: looking at it costs what looking at a real one costs.
UNMATCHED_HASH: Final = f"$argon2id$v=19$m=19456,t=2,p=1${'A' * 22}${'A' * 43}"
NOBODY: Final = AccountId(0)    # accounts are numbered from 1
NAME_CHARACTERS_MAX: Final = 320    # the longest address there is: 64 + 1 + 255 (RFC 5321 4.5.3.1)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Whose session it is from now on."""

    account_id: AccountId
    address: Address


@dataclass(frozen=True, slots=True)
class _Knock:
    """Who knocks, with what, and what the directory knows of it."""

    origin: Origin
    password: str = field(repr=False)
    stored: StoredCredentials | None
    application_password_matches: bool


class Login:
    """Lets in, or raises. One a process, on its loop."""

    __slots__ = ("_clock", "_database", "_digests", "_failures", "_guesses", "_held", "_pause", "_verified")

    def __init__(
        self,
        database: Database,
        workers: Workers,
        clock: Clock,
        chance: Chance,
        throttle: ThrottleLimits = DEFAULT_THROTTLE,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``pause`` waits so many seconds: how a reply is held back."""
        self._database = database
        self._clock = clock
        self._pause = pause
        self._digests = Digests(chance)
        self._verified = VerifiedLogins()
        self._failures = FailureBook(throttle)
        self._held = HeldReplies()
        self._guesses = Guesses(workers, self._note)

    def authenticate(
        self, credentials: Credentials, peer_ip: str
    ) -> Authenticated | Coroutine[object, object, Authenticated]:
        """Let in whom the credentials name, at once or after a coroutine that is to be awaited.

        Either raises LoginRefused, LoginShutOut or LoginBusy. ``peer_ip`` is an IPv4 or IPv6 address.
        """
        account_key = _account_key(credentials.name)
        if credentials.authorization_id and _account_key(credentials.authorization_id) != account_key:
            raise LoginRefused("nobody acts for another here")    # RFC 4616 2 leaves it to us
        origin = Origin(account_key, NetworkKey.of(peer_ip))
        delay_seconds = self._admit(origin)
        knock = self._look_up(origin, _text(credentials.password))
        digest = self._digests.of(account_key, knock.stored, knock.password)
        if knock.stored is not None and (knock.application_password_matches or digest in self._verified):
            return _authenticated(knock.stored)
        if self._failures.is_known_wrong(origin, digest):
            self._held.hold(origin.network, self._clock.monotonic(), delay_seconds)
            return self._refuse(delay_seconds)
        return self._guess(Guess(origin, digest, delay_seconds), knock)

    def _admit(self, origin: Origin) -> float:
        """The seconds for which the reply to a wrong password is held back. Raises LoginShutOut, LoginBusy.

        Before any look at the password, the verified ones too: else a guesser would learn the right one while shut out.
        """
        now = self._clock.monotonic()
        verdict = self._failures.judge(origin, now)
        if isinstance(verdict, ShutOut):
            raise LoginShutOut(verdict.retry_after_seconds)
        if self._held.is_full(origin.network, now):
            raise LoginBusy("too many wrong passwords from one network are being answered")
        return verdict.delay_seconds

    def _look_up(self, origin: Origin, password: str) -> _Knock:
        """Ask the directory, in the same two questions for names that nobody has. Raises LoginBusy."""
        sha256 = application_password_sha256(password)

        def operation(tx: Transaction) -> _Knock:
            stored = credentials_of(tx, origin.account_key)
            found = find_application_password(tx, NOBODY if stored is None else stored.account_id, sha256)
            return _Knock(origin, password, stored, application_password_matches=found is not None)

        try:
            return self._database.read(operation)
        except DatabaseError as error:
            raise LoginBusy("the directory does not answer") from error

    def _guess(self, guess: Guess, knock: _Knock) -> Coroutine[object, object, Authenticated]:
        """Have the password looked at. Raises LoginBusy."""
        kept = None if knock.stored is None else knock.stored.password_hash
        finding = self._guesses.look_at(guess, kept or UNMATCHED_HASH, knock.password)
        return self._answer(finding, knock, guess.delay_seconds)

    async def _answer(self, found: asyncio.Future[Finding], knock: _Knock, delay_seconds: float) -> Authenticated:
        finding = await asyncio.shield(found)
        if knock.stored is None or not finding.is_right:
            return await self._refuse(delay_seconds)
        self._require_current(knock.stored)
        if finding.new_hash is not None:
            await self._rehash(knock.stored, finding.new_hash)
        return _authenticated(knock.stored)

    def _note(self, guess: Guess, finding: Finding) -> None:
        """Remember what came of a guess, whether or not anybody still waits for it."""
        if finding.is_right:
            self._verified.add(guess.digest)
            self._failures.forgive(guess.origin)
            return
        now = self._clock.monotonic()
        self._failures.note(guess.origin, guess.digest, now)
        self._held.hold(guess.origin.network, now, guess.delay_seconds)

    async def _refuse(self, delay_seconds: float) -> NoReturn:
        await self._pause(delay_seconds)
        raise LoginRefused

    def _require_current(self, stored: StoredCredentials) -> None:
        """The password may have been changed, or the account removed, while it was looked at. Raises LoginBusy."""
        try:
            if self._database.read(lambda tx: credential_version(tx, stored.account_id)) == stored.credential_version:
                return
        except (DatabaseError, NoSuchAccount) as error:
            raise LoginBusy("the account cannot be read any more") from error
        raise LoginBusy("the password was changed meanwhile")

    async def _rehash(self, stored: StoredCredentials, new_hash: str) -> None:
        """Keep the password under today's parameters. That it fails harms nobody: the next login tries again."""
        old_hash = stored.password_hash or ""
        with contextlib.suppress(DatabaseError):
            await self._database.write(lambda tx: rehash_password(tx, stored.account_id, old_hash, new_hash))


def _authenticated(stored: StoredCredentials) -> Authenticated:
    return Authenticated(stored.account_id, stored.address)


def _account_key(name: str) -> str:
    """The key of the address that a name is, or the bounded name itself: no account has such a key."""
    try:
        return parse_address(name).key
    except AddressSyntaxError:
        return name[:NAME_CHARACTERS_MAX]


def _text(password: bytes) -> str:
    """Mail programs send UTF-8 (RFC 4616 2), old ones Latin-1, which never reads as the other by accident."""
    try:
        return password.decode("utf-8")
    except UnicodeDecodeError:
        return password.decode("latin-1")
