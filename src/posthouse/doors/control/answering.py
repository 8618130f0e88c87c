"""Requests in, responses out: one operation each, and the words for everything that can go wrong with it.

A running server answers with this what comes on its control socket; a command runs it itself when no server does.
"""

from functools import partial
from typing import Final, Protocol, assert_never

from posthouse.database.database import Database
from posthouse.database.errors import DatabaseError, SyncFailed
from posthouse.database.transaction import Transaction
from posthouse.delivery.errors import HeaderTooLarge, PlanOutdated, TooManyHops
from posthouse.directory.errors import DirectoryError
from posthouse.directory.version import Occasion
from posthouse.doors.control import directory_answers, queue_answers
from posthouse.doors.control.message_answers import Answer, MessageAnswers
from posthouse.doors.control.requests import (
    AddAccount,
    AddApplicationPassword,
    DirectoryChange,
    DirectoryQuestion,
    QueueQuestion,
    SecretChange,
    SetPassword,
)
from posthouse.doors.control.responses import AnyResponse, ApplicationPasswordMade, Failed, Refused
from posthouse.doors.control.submitting import MessageRefused
from posthouse.doors.control.wire import ReceivedRequest
from posthouse.login.passwords import (
    PasswordUnfit,
    application_password_sha256,
    hash_password,
    new_application_password,
    require_fit_password,
)
from posthouse.message.address import AddressSyntaxError
from posthouse.runtime.chance import Chance
from posthouse.runtime.clock import Clock
from posthouse.runtime.workers import Workers, WorkersBusy
from posthouse.store.errors import StoreError

ACTOR: Final = "command-line"
"""Who the audit says made a change that was asked for here: only the owner of the data can open the socket."""

_REFUSALS: Final = (
    DirectoryError, StoreError, AddressSyntaxError, PasswordUnfit, MessageRefused, HeaderTooLarge, TooManyHops,
)  # fmt: skip


class Change(Protocol):
    """An operation that changes the directory, all but its occasion given."""

    def __call__(self, tx: Transaction, /, *, occasion: Occasion) -> AnyResponse: ...


class Answering:
    """Answers requests on one database, in its loop. Passwords are hashed on `hashing`'s threads."""

    def __init__(
        self, database: Database, messages: MessageAnswers, hashing: Workers, *, clock: Clock, chance: Chance
    ) -> None:
        self._database = database
        self._messages = messages
        self._hashing = hashing
        self._clock = clock
        self._chance = chance

    async def answer(self, received: ReceivedRequest) -> Answer:
        """Do what is asked. Raises SyncFailed, after which nobody may be told anything; whatever else is a bug."""
        try:
            return await self._answer(received)
        except SyncFailed:
            raise
        except _REFUSALS as error:
            return Answer(Refused(reason=str(error)))
        except WorkersBusy:
            return Answer(Failed(reason="too much is under way: try again in a moment"))
        except PlanOutdated as error:
            return Answer(Failed(reason=f"{error}: try again"))
        except DatabaseError as error:
            return Answer(Failed(reason=f"{error}: try again when that is mended"))

    async def _answer(self, received: ReceivedRequest) -> Answer:
        request = received.request
        if isinstance(request, DirectoryQuestion):
            return Answer(self._database.read(partial(directory_answers.answer_question, question=request)))
        if isinstance(request, DirectoryChange):
            return Answer(await self._change(partial(directory_answers.make_change, change=request)))
        if isinstance(request, SecretChange):
            return Answer(await self._keep_secret(request))
        if isinstance(request, QueueQuestion):
            return Answer(self._database.read(partial(queue_answers.answer_question, question=request)))
        return await self._messages.answer(request, received.octets)

    async def _keep_secret(self, request: SecretChange) -> AnyResponse:
        match request:
            case AddAccount():
                kept = None if request.password is None else await self._hashed(request.password)
                return await self._change(partial(directory_answers.add_account, request=request, password_hash=kept))
            case SetPassword():
                new_hash = await self._hashed(request.password)
                return await self._change(
                    partial(directory_answers.change_password, request=request, password_hash=new_hash)
                )
            case AddApplicationPassword():
                return await self._add_application_password(request)
            case _:
                assert_never(request)

    async def _add_application_password(self, request: AddApplicationPassword) -> AnyResponse:
        shown = new_application_password(self._chance)
        sha256 = application_password_sha256(shown)
        await self._change(partial(directory_answers.keep_application_password, request=request, sha256=sha256))
        return ApplicationPasswordMade(password=shown)

    async def _hashed(self, password: str) -> str:
        """Raises PasswordUnfit, WorkersBusy."""
        require_fit_password(password)
        return await self._hashing.run(hash_password, password)

    async def _change(self, change: Change) -> AnyResponse:
        occasion = Occasion(self._clock.now(), ACTOR)
        return await self._database.write(lambda tx: change(tx, occasion=occasion))
