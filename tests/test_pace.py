"""The choice of the number of threads in training, with times that are given: nothing is measured here."""

import pytest

from cmlp.training.pace import AGAIN, CALL, HOPELESS, PATIENCE, TRIAL, WORTH, Pace


def take(pace, seconds_of, calls, before=0.0):
    """The threads and lengths of so many calls, if a step on n threads takes seconds_of[n]; a call has a step at least."""
    taken = []
    for _ in range(calls):
        n_threads, length = pace.next(before)
        n_steps = max(1, round(length / seconds_of[n_threads]))
        pace.note(n_threads, n_steps, n_steps * seconds_of[n_threads])
        taken.append((n_threads, length))
    return taken


def threads_of(*arguments):
    return [n_threads for n_threads, _ in take(*arguments)]


# --- what is measured --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seconds", "best"), [({1: 4e-6, 4: 3e-6, 8: 2e-6}, 8), ({1: 4e-6, 4: 3e-6, 8: 5e-6}, 4), ({1: 2e-6, 4: 3e-6, 8: 5e-6}, 1)]
)
def test_tries_each_and_stays_with_the_fastest(seconds, best):
    taken = take(Pace(8), seconds, 15)
    assert taken[:4] == [(8, TRIAL), (1, TRIAL), (4, TRIAL), (8, TRIAL)]
    assert set(taken[4:]) == {(best, CALL)}


def test_tries_again_what_was_slower():
    calls = round(AGAIN / CALL)
    chosen = threads_of(Pace(4), {1: 1e-4, 2: 2e-4, 4: 3e-4}, 5 * calls)
    assert set(chosen[4:calls]) == {1}
    assert chosen.count(2) == chosen.count(4) - 1 == 5, "once in four seconds"


@pytest.mark.parametrize(
    ("before", "now"), [({1: 1e-4, 2: 2e-4}, {1: 2e-4, 2: 1e-4}), ({1: 2e-4, 2: 1e-4}, {1: 1e-4, 2: 9e-3})]
)
def test_follows_the_machine(before, now):
    pace, calls = Pace(2), round(1.5 * AGAIN / CALL)
    for seconds in (before, now):
        assert take(pace, seconds, calls)[-4:] == 4 * [(min(seconds, key=seconds.get), CALL)]


def test_what_is_hopeless_is_not_tried_twice():
    slow = 1.1 * HOPELESS
    assert threads_of(Pace(2), {1: 1e-4, 2: slow * 1e-4}, 10) == [2] + 9 * [1]
    assert threads_of(Pace(8), {1: 1e-4, 4: 9e-5, 8: slow * 1e-4}, 5) == [8, 1, 4, 4, 4]


def test_a_step_that_a_neighbour_made_long_is_tried_on_fewer_threads():
    assert take(Pace(2), {2: 0.05, 1: 3e-4}, 4) == [(2, TRIAL), (1, TRIAL), (1, CALL), (1, CALL)]


def test_trials_take_a_small_part_of_the_time():
    """One that meets a slice at every barrier takes far longer than it was to."""
    seconds, pace = {1: 1e-4, 2: 1.0}, Pace(2)
    chosen = threads_of(pace, seconds, 500)
    assert chosen.count(2) == 3
    assert 3 * seconds[2] * WORTH / 2 < pace.spent < 3 * seconds[2] * WORTH


def test_short_calls_are_averaged():
    """A call of an epoch that met a slice of a neighbour does not drive the training to two threads."""
    pace = Pace(2)
    take(pace, {1: 1e-3, 2: 3e-3}, 4)
    for _ in range(30):
        assert pace.next()[0] == 1
        pace.note(1, 1, 1e-3)
    pace.note(*(pace.next()[0], 1, 0.01))
    assert pace.next()[0] == 1
    pace.note(1, 10, 0.1)
    assert pace.next()[0] == 2, "a long call is believed at once"


@pytest.mark.parametrize("pace", [Pace(1), Pace(8, fixed=True), Pace(8, True, lambda: 1)])
def test_nothing_is_tried_where_there_is_no_choice(pace):
    assert set(take(pace, {pace.most: 1e-4}, 50)) == {(pace.most, CALL)}


def test_a_call_is_long_beside_what_was_spent_before_it():
    assert take(Pace(1), {1: 1e-4}, 1, 1.0) == [(1, WORTH * 1.0)]
    taken = take(Pace(2), {1: 2e-4, 2: 1e-4}, 8, 1.0)
    assert taken[:3] == [(2, TRIAL), (1, TRIAL), (2, TRIAL)]
    assert set(taken[3:]) == {(2, WORTH * 1.0), (1, TRIAL)}
    assert taken[3:].count((1, TRIAL)) <= 2


def test_an_empty_call_decides_nothing():
    pace = Pace(2)
    for _ in range(3):
        assert pace.next() == (2, TRIAL)
        pace.note(2, 0, 0.01)
    assert pace.seconds == {}


# --- before anything is measured -----------------------------------------------------------------------------------
def test_begins_with_what_idle_processors_allow():
    assert threads_of(Pace(2, False, lambda: 2), {1: 2e-4, 2: 1e-4}, 4) == [2, 1, 2, 2]
    assert threads_of(Pace(8, False, lambda: 100), {1: 3e-4, 4: 2e-4, 8: 1e-4}, 4) == [8, 1, 4, 8]
    assert threads_of(Pace(8, False, lambda: 7), {1: 3e-4, 4: 2e-4}, 3) == [4, 4, 4]
    assert threads_of(Pace(8, False, lambda: 3), {1: 3e-4}, 3) == [1, 1, 1]


def test_looks_again_soon_and_then_less_often():
    looks = []
    taken = take(Pace(2, False, lambda: looks.append(1) or 1), {1: 1e-4}, 7)
    assert [n for n, _ in taken] == [1] * 7
    assert len(looks) == 7
    assert [length for _, length in taken] == pytest.approx([TRIAL * k for k in (1, 1, 2, 4, 8, 16, 32)])


def test_processors_that_become_idle_are_used():
    idle = iter([1, 1, 2])
    assert threads_of(Pace(2, False, lambda: next(idle)), {1: 2e-4, 2: 1e-4}, 8) == [1, 1, 2, 1, 2, 2, 2, 2]


def test_patience_ends():
    """That something else runs does not say that more threads are slower: in the end it is measured."""
    seconds = {1: 2e-2, 2: 1.5e-2}
    taken = take(Pace(2, False, lambda: 1), seconds, 40)
    chosen = [n_threads for n_threads, _ in taken]
    alone = chosen.index(2)
    assert PATIENCE / 2 < sum(length for _, length in taken[:alone]) < PATIENCE + CALL
    assert chosen[alone : alone + 3] == [2, 1, 2]
    assert set(chosen[alone + 3 : alone + 3 + round(AGAIN / CALL)]) == {2}
