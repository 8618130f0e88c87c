"""The tables from what went wrong to what a peer hears: complete at every door, and our failures are transient.

DESIGN 1.3: a failure of ours (a bug, a world error, an answer that we cannot interpret) is never permanent.
"""

from collections.abc import Iterator

import pytest

from posthouse.database import errors as database_errors
from posthouse.database.errors import DatabaseError
from posthouse.delivery import errors as delivery_errors
from posthouse.delivery.errors import AuthorRefused, DeliveryError, HeaderTooLarge, PlanOutdated, TooManyHops
from posthouse.doors.imap import answers as imap
from posthouse.doors.pop3 import answers as pop3
from posthouse.doors.session import Ending
from posthouse.doors.smtp import answers as smtp
from posthouse.login import errors as login_errors
from posthouse.login.errors import LoginBusy, LoginError, LoginRefused, LoginShutOut
from posthouse.message.status import Status
from posthouse.protocol.pop3 import replies as pop3_replies
from posthouse.runtime.counters import Admission
from posthouse.runtime.workers import WorkersBusy
from posthouse.store import errors as store_errors
from posthouse.store.errors import StoreError

ADMISSIONS = [admission for admission in Admission if admission is not Admission.ADMITTED]
MADE = {
    AuthorRefused: AuthorRefused(Status("5.7.1"), "this account may not write so"),
    LoginShutOut: LoginShutOut(900.0),
}
NEVER_RAISED = (LoginError, StoreError, DeliveryError)    # what is raised has a name of its own
THE_PEERS = (AuthorRefused, HeaderTooLarge, TooManyHops, LoginRefused)    # mistakes; all else is ours, or passes


def errors_of(*rooms: object, below: tuple[type[Exception], ...]) -> Iterator[Exception]:
    """One of every error that these rooms can raise."""
    for room in rooms:
        for kind in vars(room).values():
            if isinstance(kind, type) and issubclass(kind, below) and kind not in NEVER_RAISED:
                yield MADE[kind] if kind in MADE else kind("said by a room below")


OURS_OR_THE_WORLDS = [*errors_of(database_errors, login_errors, below=(DatabaseError, LoginError)), WorkersBusy()]
DELIVERY = list(errors_of(delivery_errors, below=(DeliveryError,)))
STORE = list(errors_of(store_errors, below=(StoreError,)))


def name(error: Exception) -> str:
    return type(error).__name__


@pytest.mark.parametrize("error", [*OURS_OR_THE_WORLDS, *DELIVERY], ids=name)
def test_smtp_answers_each_error_and_ours_with_4yz(error) -> None:
    """RFC 5321 4.2.1; and no word of an internal error reaches a peer."""
    assert isinstance(error, smtp.FORESEEN)
    reply = smtp.reply_to_error(error)
    assert reply.code // 100 == (5 if isinstance(error, THE_PEERS) else 4)
    assert b"room below" not in reply.encode()


def test_smtp_says_for_each_what_the_standards_have_for_it() -> None:
    """RFC 5321 4.2.3, RFC 3463, RFC 4954 6."""
    expected = {
        TooManyHops("x"): b"554 5.4.6 ", HeaderTooLarge("x"): b"552 5.3.4 ", PlanOutdated("x"): b"451 4.3.0 ",
        database_errors.DiskFull("x"): b"452 4.3.1 ", database_errors.DatabaseBusy("x"): b"451 4.3.0 ",
        WorkersBusy(): b"451 4.3.0 ", LoginRefused(): b"535 5.7.8 ", LoginBusy("x"): b"454 4.7.0 ",
        LoginShutOut(1): b"421 4.7.0 ", AuthorRefused(Status("5.7.1"), "no"): b"550 5.7.1 no",
        AuthorRefused(Status("5.6.0"), "no"): b"554 5.6.0 no",
    }  # fmt: skip
    for error, said in expected.items():
        assert smtp.reply_to_error(error).encode().startswith(said)    # type: ignore[arg-type]


@pytest.mark.parametrize("error", [*OURS_OR_THE_WORLDS, *STORE], ids=name)
def test_imap_answers_each_error_with_no_and_ours_with_a_code_that_passes(error) -> None:
    """RFC 5530 3: UNAVAILABLE is temporary; OVERQUOTA for a disk that is full; a store's own words may be told."""
    assert isinstance(error, imap.FORESEEN)
    said = imap.completion_of(error).encode(b"t")
    assert said.startswith(b"t NO ")
    if not isinstance(error, StoreError):
        assert b"room below" not in said
        assert b"[" in said
    if isinstance(error, DatabaseError | LoginBusy | WorkersBusy):
        assert said.startswith((b"t NO [UNAVAILABLE] ", b"t NO [OVERQUOTA] "))


@pytest.mark.parametrize("error", [*OURS_OR_THE_WORLDS, *STORE], ids=name)
def test_pop3_answers_each_failed_login(error) -> None:
    """RFC 3206 4, 5: [AUTH] makes the client ask for another password, so it is said of wrong ones alone."""
    assert isinstance(error, pop3.FORESEEN)
    said = pop3_replies.LOGIN_REFUSALS[pop3.login_refusal(error)]
    assert said.startswith(b"-ERR [AUTH] " if isinstance(error, LoginRefused) else b"-ERR [SYS/TEMP] ")


@pytest.mark.parametrize("ending", Ending)
def test_every_door_has_last_words_for_every_ending(ending: Ending) -> None:
    """RFC 5321 3.8: 421; RFC 3501 7.1.5: BYE; RFC 1939 3: a time-out is silent."""
    assert smtp.LAST_WORDS[ending].startswith(b"421 4.")
    assert imap.LAST_WORDS[ending].startswith(b"* BYE ")
    kind = b"-ERR [AUTH] " if ending is Ending.LOGGED_OUT else b"-ERR [SYS/TEMP] "
    assert pop3.LAST_WORDS[ending].startswith(kind) or ending is Ending.TIMED_OUT


def test_a_bug_of_ours_is_said_to_be_one_and_to_pass() -> None:
    """RFC 5530 3 SERVERBUG; 421 4.3.0; RFC 3206 4."""
    assert smtp.LAST_WORDS[Ending.BUG].startswith(b"421 4.3.0 ")
    assert imap.LAST_WORDS[Ending.BUG].startswith(b"* BYE [SERVERBUG] ")
    assert pop3.LAST_WORDS[Ending.BUG] == pop3_replies.BUG


@pytest.mark.parametrize("admission", ADMISSIONS)
def test_every_door_has_words_for_a_session_too_many(admission: Admission) -> None:
    """Issue 4: 421; and in IMAP and POP3 what corresponds to it."""
    assert smtp.REFUSALS[admission].startswith(b"421 4.")
    assert imap.REFUSALS[admission].startswith((b"* BYE [LIMIT] ", b"* BYE [UNAVAILABLE] "))
    assert pop3.REFUSALS[admission].startswith(b"-ERR [SYS/TEMP] ")
