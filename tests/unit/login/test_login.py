"""Login: who is let in, who is not, and what neither of them can learn or bring about."""

import asyncio
import gc

import pytest

from posthouse.database.errors import DatabaseBusy
from posthouse.directory.accounts import Role, add_account, remove_account
from posthouse.directory.credentials import credentials_of, remove_application_password, set_password
from posthouse.login.errors import LoginBusy, LoginRefused, LoginShutOut
from posthouse.login.login import UNMATCHED_HASH, Authenticated
from posthouse.login.passwords import hash_password, needs_rehash, verify_password
from posthouse.message.address import parse_address
from unit.login.house import ADA, APPLICATION_PASSWORD, CHEAP, HOME, OCCASION, PASSWORD, House

ELSEWHERE = "198.51.100.7"


def fail(house: House, password: str = "wrong", name: str = ADA, peer_ip: str = HOME) -> None:
    with pytest.raises(LoginRefused):
        house.knock(password, name, peer_ip)


# Who is let in


def test_the_right_password_lets_in(house: House) -> None:
    assert house.knock() == Authenticated(house.account_id, parse_address(ADA))
    assert house.pauses == []


@pytest.mark.parametrize("name", ["ADA@EXAMPLE.ORG", "Ada@Example.Org"])
def test_the_name_is_an_address_whatever_its_capitals(house: House, name: str) -> None:
    """DESIGN 5: our local parts are compared case-folded."""
    assert house.knock(name=name).account_id == house.account_id


@pytest.mark.parametrize("name", ["ada", "ada+tag@example.org", "postmaster@example.org", "", "@", "a" * 2_000, "ada@"])
def test_only_an_accounts_own_address_is_a_name(house: House, name: str) -> None:
    """An alias has no password, and a tag is no account."""
    fail(house, PASSWORD, name)


def test_an_application_password_lets_in_at_once(house: House) -> None:
    """Random passwords are looked up by their SHA-256: no thread, however it is typed."""
    house.run(asyncio.sleep(0))
    for typed in (APPLICATION_PASSWORD, APPLICATION_PASSWORD.upper(), APPLICATION_PASSWORD.replace("-", "")):
        assert house.is_known(typed)


def test_an_account_without_a_password_has_application_passwords_alone(house: House) -> None:
    house.write(lambda tx: set_password(tx, house.account_id, None, OCCASION))
    fail(house, PASSWORD)
    assert house.is_known(APPLICATION_PASSWORD)


def test_acting_for_oneself_is_acting(house: House) -> None:
    """RFC 4616 2: the authorization identity may be given; anybody else's is refused."""
    assert house.knock(acting_for="Ada@example.org").account_id == house.account_id
    with pytest.raises(LoginRefused):
        house.knock(acting_for="grace@example.org")


def test_a_password_in_latin_1_is_understood(house: House) -> None:
    """Old mail programs send it; RFC 4616 2 asks for UTF-8."""
    house.write(lambda tx: set_password(tx, house.account_id, CHEAP.hash("grün ist schön"), OCCASION))
    assert house.knock("grün ist schön".encode("latin-1")).account_id == house.account_id
    assert house.knock("grün ist schön".encode()).account_id == house.account_id


# What was verified before


def test_a_verified_password_is_known_without_another_look(house: House) -> None:
    assert not house.is_known()
    house.knock()
    assert house.is_known()


def test_a_changed_password_is_useless_at_once(house: House) -> None:
    """Issue 4: a cache of verified logins that a password change makes useless; nobody has to tell us."""
    house.knock()
    house.write(lambda tx: set_password(tx, house.account_id, CHEAP.hash("another horse"), OCCASION))
    assert not house.is_known()
    fail(house, PASSWORD)
    assert house.knock("another horse").account_id == house.account_id


def test_a_removed_application_password_is_useless_at_once(house: House) -> None:
    house.write(lambda tx: remove_application_password(tx, house.account_id, "telephone", OCCASION))
    fail(house, APPLICATION_PASSWORD)


def test_an_account_made_anew_does_not_know_the_old_ones_password(house: House) -> None:
    house.knock()
    ada = parse_address(ADA)
    house.write(lambda tx: remove_account(tx, ada, OCCASION))
    fail(house, PASSWORD)
    house.write(lambda tx: add_account(tx, ada, CHEAP.hash("another horse"), Role.USER, OCCASION))
    assert not house.is_known()
    fail(house, PASSWORD, peer_ip=ELSEWHERE)


def test_a_password_changed_while_it_is_looked_at_lets_nobody_in(house: House) -> None:
    """The thread found the old hash to match; by then it is the password no more."""

    async def race() -> None:
        answer = house.try_at_once()
        assert not isinstance(answer, Authenticated)
        await house.database.write(lambda tx: set_password(tx, house.account_id, CHEAP.hash("another"), OCCASION))
        await answer

    with pytest.raises(LoginBusy):
        house.run(race())


def test_an_account_removed_while_its_password_is_looked_at_lets_nobody_in(house: House) -> None:
    async def race() -> None:
        answer = house.try_at_once()
        assert not isinstance(answer, Authenticated)
        await house.database.write(lambda tx: remove_account(tx, parse_address(ADA), OCCASION))
        await answer

    with pytest.raises(LoginBusy):
        house.run(race())


def test_a_hash_of_old_parameters_is_made_anew(house: House) -> None:
    """Its owner notices nothing: the password stays good, and so do his other sessions' logins."""
    house.knock()
    stored = house.database.read(lambda tx: credentials_of(tx, ADA))
    assert stored is not None
    assert not needs_rehash(stored.password_hash or "")
    assert house.is_known()
    assert verify_password(stored.password_hash or "", PASSWORD)


# Wrong passwords


def test_a_wrong_password_is_answered_late_and_later(house: House) -> None:
    """Issue 4: failures slow the peer."""
    for number in range(5):
        fail(house, f"wrong {number}")
    assert house.pauses == [2.0, 4.0, 8.0, 15.0, 15.0]


def test_ten_wrong_passwords_shut_the_account_to_that_network(house: House) -> None:
    """Issue 4: then (account, network) is shut out for a while, right password or wrong, known before or not."""
    house.knock()
    for number in range(10):
        fail(house, f"wrong {number}")
        house.clock.seconds += 15
    for password in (PASSWORD, "wrong 0", "wrong 10", APPLICATION_PASSWORD):
        with pytest.raises(LoginShutOut) as caught:
            house.knock(password)
        assert caught.value.retry_after_seconds == 885.0
    assert house.knock(peer_ip=ELSEWHERE).account_id == house.account_id
    house.clock.seconds += 885
    assert house.knock().account_id == house.account_id


def test_the_same_wrong_password_again_is_no_further_guess(house: House) -> None:
    """A telephone with an old password, trying for ever, is slowed but does not shut its owner out."""
    for _ in range(50):
        fail(house, "the old password")
        house.clock.seconds += 60
    assert set(house.pauses[1:]) == {4.0}
    assert house.knock().account_id == house.account_id


def test_a_wrong_password_that_becomes_right_is_right(house: House) -> None:
    fail(house, "another horse")
    house.write(lambda tx: set_password(tx, house.account_id, CHEAP.hash("another horse"), OCCASION))
    assert house.knock("another horse").account_id == house.account_id


def test_the_right_password_forgives_earlier_mistakes(house: House) -> None:
    """NIST SP 800-63B 5.2.2: after a success earlier failures of that account are disregarded."""
    for number in range(9):
        fail(house, f"wrong {number}")
        house.clock.seconds += 15
    house.knock()
    for number in range(9):
        fail(house, f"wrong again {number}")
        house.clock.seconds += 15
    assert house.knock().account_id == house.account_id


def test_a_login_that_was_known_before_forgives_nothing(house: House) -> None:
    """A mail program behind the same address looks every minute: it must not clear the name of a guesser."""
    house.knock()
    for number in range(10):
        assert house.is_known()
        fail(house, f"wrong {number}")
        house.clock.seconds += 15
    with pytest.raises(LoginShutOut):
        house.knock()


def test_who_hangs_up_before_the_reply_has_guessed_all_the_same(house: House) -> None:
    """A guesser who does not wait for the delay, nor for argon2, is shut out like any other."""

    async def guess_and_hang_up(password: str) -> None:
        answer = house.try_at_once(password)
        assert not isinstance(answer, Authenticated)
        answer.close()
        while house.login._guesses._under_way:
            await asyncio.wait(house.login._guesses._under_way.values())

    for number in range(10):
        house.run(guess_and_hang_up(f"wrong {number}"))
        house.clock.seconds += 15
    with pytest.raises(LoginShutOut):
        house.knock()


def test_no_network_has_more_than_sixteen_replies_held_back(house: House) -> None:
    """Many connections at once are no way round the delay; other networks are not held up by it."""
    for number in range(16):
        fail(house, name=f"nobody{number}@example.org")
    with pytest.raises(LoginBusy):
        house.knock(name="nobody16@example.org")
    with pytest.raises(LoginBusy):
        house.knock()
    assert house.knock(peer_ip=ELSEWHERE).account_id == house.account_id
    house.clock.seconds += 15
    assert house.knock().account_id == house.account_id


# Names that nobody has


def test_a_name_that_nobody_has_costs_what_a_real_one_costs(house: House) -> None:
    """An answer's time must not tell which accounts exist: argon2 runs with the same parameters."""
    assert hash_password(PASSWORD).split("$")[:4] == UNMATCHED_HASH.split("$")[:4]
    assert not needs_rehash(UNMATCHED_HASH)
    assert not verify_password(UNMATCHED_HASH, "")


def test_a_name_that_nobody_has_is_looked_at_slowed_and_shut_out_like_one_that_exists(house: House) -> None:
    async def is_looked_at(name: str) -> bool:
        answer = house.try_at_once("x", name)
        under_way = bool(house.login._guesses._under_way)
        with pytest.raises(LoginRefused):
            await answer  # type: ignore[misc]
        return under_way

    for name in (ADA, "nobody@example.org", "nobody@example.net", "no address"):
        house.pauses.clear()
        assert house.run(is_looked_at(name))
        house.clock.seconds += 3_600
        for number in range(9):
            fail(house, f"wrong {number}", name)
            house.clock.seconds += 15
        fail(house, "wrong 9", name)
        with pytest.raises(LoginShutOut):
            house.knock("wrong 10", name)
        assert house.pauses == [2.0, 2.0, 4.0, 8.0, *[15.0] * 7]
        house.clock.seconds += 3_600


# At once, and too many


def test_the_same_login_at_once_is_looked_at_once(house: House) -> None:
    """A mail program opens five connections; after a restart each would cost 25 ms."""

    async def five() -> list[Authenticated]:
        answers = [house.try_at_once() for _ in range(5)]
        assert len(house.login._guesses._under_way) == 1
        return [await answer for answer in answers if not isinstance(answer, Authenticated)]

    assert len(house.run(five())) == 5


def test_a_session_that_ends_does_not_end_the_look_that_others_share(house: House) -> None:
    async def two() -> Authenticated:
        first, second = house.try_at_once(), house.try_at_once()
        assert not isinstance(first, Authenticated)
        assert not isinstance(second, Authenticated)
        leaving = asyncio.create_task(first)
        await asyncio.sleep(0)
        leaving.cancel()
        return await second

    assert house.run(two()).account_id == house.account_id


def test_four_different_passwords_at_once_are_one_too_many(house: House) -> None:
    """What is under way is not yet counted, so a hundred connections at once could guess a hundred times."""

    async def burst() -> None:
        answers = [house.try_at_once(f"wrong {number}") for number in range(3)]
        with pytest.raises(LoginBusy):
            house.try_at_once("wrong 3")
        for answer in answers:
            with pytest.raises(LoginRefused):
                await answer  # type: ignore[misc]

    house.run(burst())


def test_when_all_threads_and_places_are_taken_we_are_busy(house: House) -> None:
    """A limit on waiting, and a failure of ours is transient: the peer may come again."""

    async def crowd() -> None:
        answers = [house.try_at_once("x", f"nobody{number}@example.org", f"192.0.2.{number}") for number in range(6)]
        with pytest.raises(LoginBusy):
            house.try_at_once()
        for answer in answers:
            with pytest.raises(LoginRefused):
                await answer  # type: ignore[misc]

    house.run(crowd())
    assert house.knock().account_id == house.account_id


def test_a_database_that_does_not_answer_is_not_the_peers_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN promise 3: a failure of ours is transient."""

    class Silent:
        def read(self, operation: object) -> None:
            raise DatabaseBusy

    monkeypatch.setattr(house.login, "_database", Silent())
    with pytest.raises(LoginBusy):
        house.knock()


# Secrets


def test_no_password_is_kept_or_shown(house: House) -> None:
    """DESIGN 7: secrets cannot be put into a log line; the cache holds keyed hashes alone."""
    house.knock()
    fail(house, "a wrong but secret one")
    gc.collect()
    for kept in (house.login._verified._digests, house.login._failures._origins._tallies):
        assert PASSWORD not in repr(kept)
        assert "secret" not in repr(kept)
