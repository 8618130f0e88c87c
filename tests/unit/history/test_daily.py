"""The day's sums only grow and keep promise 7 provable after rows are pruned (DESIGN 1.7)."""

from posthouse.history.daily import DAY_MICROSECONDS, Sums, count, total
from small_store import NOON

MIDNIGHT = NOON - NOON % DAY_MICROSECONDS


def test_sums_of_a_day_add_up_each_in_its_own_column(store) -> None:
    store.write(count, NOON, Sums(6, 1, 2, 3, 4, 5))
    store.write(count, NOON + 1, Sums(delivered=10))
    assert store.read(total) == Sums(6, 11, 2, 3, 4, 5)
    assert len(store.rows("SELECT * FROM daily")) == 1


def test_days_are_those_of_utc(store) -> None:
    for at in (MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + DAY_MICROSECONDS - 1, MIDNIGHT + DAY_MICROSECONDS):
        store.write(count, at, Sums(accepted=1))
    day = MIDNIGHT // DAY_MICROSECONDS
    assert store.rows("SELECT day, accepted FROM daily ORDER BY day") == [(day - 1, 1), (day, 2), (day + 1, 1)]
    assert store.read(total) == Sums(accepted=4)


def test_nothing_has_happened_on_a_new_server(store) -> None:
    assert store.read(total) == Sums()
