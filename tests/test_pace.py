"""The choice of the number of threads, with times that are given: nothing is measured here."""

from cmlp.training.pace import CALL, TRIAL, WORTH, Pace


def take(pace, seconds_of, calls, before=0.0):
    """The threads and lengths of so many calls, if a step on n threads takes seconds_of[n]."""
    taken = []
    for _ in range(calls):
        n_threads, length = pace.next(before)
        taken.append((n_threads, length))
        pace.note(n_threads, 10, 10 * seconds_of[n_threads])
    return taken


def test_tries_each_and_stays_with_the_fastest():
    taken = take(Pace(4), {1: 3e-4, 2: 1e-4, 4: 2e-4}, 8)
    assert taken[:4] == [(4, TRIAL), (1, TRIAL), (2, TRIAL), (4, TRIAL)]
    assert set(taken[4:]) == {(2, CALL)}


def test_tries_again_what_was_slower():
    pace = Pace(2)
    assert take(pace, {1: 1e-4, 2: 2e-4}, 16)[-1] == (1, CALL)
    assert take(pace, {1: 2e-4, 2: 1e-4}, 4)[-1] == (2, CALL)


def test_long_steps_are_not_tried_on_fewer_threads():
    assert take(Pace(4), {4: 10 * TRIAL}, 3) == [(4, TRIAL), (4, CALL), (4, CALL)]


def test_a_short_step_that_a_neighbour_made_long_is_tried_on_fewer():
    assert take(Pace(2), {2: 8e-3, 1: 3e-4}, 4)[2:] == [(2, TRIAL), (1, CALL)]


def test_fixed_tries_nothing():
    assert take(Pace(4, fixed=True), {4: 1e-4}, 3) == [(4, CALL)] * 3


def test_a_call_is_long_beside_what_was_spent_before_it():
    assert take(Pace(1), {1: 1e-4}, 1, before=1.0) == [(1, WORTH * 1.0)]
    taken = take(Pace(2), {1: 2e-4, 2: 1e-4}, 5, before=1.0)
    assert taken[0] == (2, TRIAL)
    assert taken[-1] == (2, WORTH * 1.0)
