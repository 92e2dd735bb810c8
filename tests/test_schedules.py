"""Schedules by their values, in a training against the reference, and early stopping."""

import numpy as np
import pytest
from common import numbers_of, tolerance
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import reference, schedules
from cmlp.runtime import registry


def at(schedule, epochs, length=10.0):
    return np.asarray(schedule.at(np.asarray(epochs, float), length)).tolist()


def test_values_by_hand():
    assert at(schedules.Step(1.0, 0.5, every=2), [0, 1.9, 2, 4]) == [1, 1, 0.5, 0.25]
    assert at(schedules.Step(1.0, 0.5, every=0.1), [0.3]) == [0.125], "0.3 / 0.1 is a little less than 3"
    assert at(schedules.Exponential(2.0, 0.5), [0, 1, 3]) == [2, 1, 0.25]
    assert at(schedules.InverseTime(1.0, 3.0), [0, 1]) == [1, 0.25]
    assert at(schedules.InverseTime(1.0, 3.0, power=0.5), [0, 1]) == [1, 0.5]
    assert at(schedules.Polynomial(1.0, 0.0, 2.0), [0, 5, 10, 20]) == [1, 0.25, 0, 0]
    assert at(schedules.Linear(1.0, 3.0, epochs=4), [0, 1, 4, 9]) == [1, 1.5, 3, 3]
    assert_allclose(at(schedules.Cosine(1.0, 0.5), [0, 5, 10, 12]), [1, 0.75, 0.5, 0.5])
    assert_allclose(at(schedules.Cosine(1.0, epochs=2, restarts=True), [0, 1, 2, 3]), [1, 0.5, 1, 0.5], atol=1e-15)
    assert_allclose(
        at(schedules.Cosine(1.0, epochs=1, restarts=True, growth=2), [0, 0.5, 1, 2, 3, 5]), [1, 0.5, 1, 0.5, 1, 0.5]
    )
    assert_allclose(at(schedules.OneCycle(1.0, pct_start=0.5, div_factor=10, final_div_factor=10), [0, 5, 10]), [0.1, 1, 0.01])


@pytest.mark.parametrize("first", [0, 1, 3, 4, 5, 9])
def test_warm_up_does_not_depend_on_where_a_table_begins(first):
    schedule = schedules.WarmUp(schedules.Linear(1.0, 0.0), epochs=1)
    whole = schedule.values(0, 20, 4, 5)
    assert_allclose(whole[:4], [0.25, 0.5, 0.75, 1])
    assert_allclose(whole[4:], 1 - np.arange(16) / 16)
    assert_array_equal(schedule.values(first, 5, 4, 5), whole[first : first + 5])


EVERY = [
    schedules.Step(0.1, every=1),
    schedules.Exponential(0.1),
    schedules.InverseTime(0.1),
    schedules.Polynomial(0.1),
    schedules.Linear(0.1, 0.01),
    schedules.Cosine(0.1),
    schedules.Cosine(0.1, epochs=1.5, restarts=True),
    schedules.OneCycle(0.1),
    schedules.WarmUp(schedules.Cosine(0.1), 0.5),
    lambda step: 0.1 / (1 + step),
]


@pytest.mark.parametrize("schedule", EVERY, ids=lambda schedule: getattr(type(schedule), "__name__", ""))
@pytest.mark.parametrize("table", [3, 7, 16_384])
def test_training_equals_the_reference(schedule, table, rng, monkeypatch):
    """Also where the values are handed over a few steps at a time."""
    monkeypatch.setattr("cmlp.training.loop.TABLE_STEPS", table)
    optimizer = cmlp.Momentum(schedule, schedules.Linear(0.5, 0.9))
    net = cmlp.Network([4, 6, 3], "tanh", dtype="float64")
    X, y = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    hyper = dict(zip(registry.optimizers["momentum"].hyper, optimizer.table(0, 30, 5, 6).T))
    layers, losses, _ = reference.fit(
        net.layers,
        X,
        np.eye(3)[y],
        loss=net.loss,
        optimizer="momentum",
        hyper=hyper,
        batch_size=10,
        epochs=6,
        seed=net.shuffle_seed,
    )
    history = net.fit(X, y, optimizer=optimizer, batch_size=10, epochs=6)
    assert_allclose(history.loss, losses, **tolerance("float64", 50))
    assert_allclose(net.layers[0].W, layers[0].W, **tolerance("float64", 100))
    assert_allclose(history.learning_rate, hyper["learning_rate"][4::5])


def test_numbers_are_schedules_too():
    assert numbers_of(cmlp.Adam(0.1)) == (0.1, 0.9, 0.999, 1e-8)
    assert cmlp.Adam(schedules.Cosine(0.1)).table(0, 100, 10, 10).shape == (100, 4)
    assert len(cmlp.Adam(0.1).table(0, 100, 10, 10)) == 1


def test_a_schedule_that_leaves_the_range(rng):
    net = cmlp.Network([2, 1], loss="log_loss")
    X, y = rng.normal(size=(8, 2)), [0, 1] * 4
    before = net.theta.copy()
    with pytest.raises(ValueError, match=r"Momentum.*momentum.*1"):
        net.fit(X, y, optimizer=cmlp.Momentum(0.1, schedules.Linear(0.5, 1.5)))
    with pytest.raises(ValueError, match=r"SGD.*learning_rate.*-1"):
        net.fit(X, y, optimizer=cmlp.SGD(lambda step: -1))
    with pytest.raises(TypeError, match=r"'fast'.*step 0"):
        net.fit(X, y, optimizer=cmlp.SGD(lambda step: "fast"))
    with pytest.raises(TypeError, match=r"schedule.*Cosine"):
        net.fit(X, y, optimizer=cmlp.SGD(schedules.Cosine))
    assert_array_equal(net.theta, before)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.Step(-1), "Step.*initial.*-1"),
        (lambda: schedules.Step(1, every=0), "Step.*every.*0"),
        (lambda: schedules.Cosine(1, epochs=-1), "Cosine.*epochs.*-1"),
        (lambda: schedules.Cosine(1, restarts=1), "Cosine.*restarts.*1"),
        (lambda: schedules.Cosine(1, growth=0.5), "Cosine.*growth.*0.5"),
        (lambda: schedules.OneCycle(1, pct_start=1), "OneCycle.*pct_start.*1"),
        (lambda: schedules.ReduceOnPlateau(1, patience=0), "ReduceOnPlateau.*patience.*0"),
        (lambda: schedules.WarmUp(schedules.ReduceOnPlateau(0.1)), "WarmUp.*then.*ReduceOnPlateau"),
        (lambda: cmlp.Momentum(0.1, schedules.ReduceOnPlateau(0.9)), "momentum.*ReduceOnPlateau"),
        (lambda: schedules.Function(3), "Function.*function.*3"),
    ],
)
def test_what_schedules_refuse(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize("optimizer", [cmlp.SGD(lambda step: -0.1), cmlp.Momentum(0.1, schedules.Linear(0.5, 1.5))])
def test_a_schedule_that_leaves_its_range_is_refused_before_anything_changes(optimizer, rng):
    net = cmlp.Network([2, 1], loss="log_loss")
    with pytest.raises(ValueError, match=r"learning_rate.*-0\.1|momentum.*1"):
        net.fit(rng.normal(size=(4, 2)), ["no", "yes"] * 2, optimizer=optimizer)
    assert (net.history, net.classes, net._optimizer_state) == (None, None, None)


# --- watching -------------------------------------------------------------------------------------------------
def test_reduce_on_plateau(rng):
    """A loss that cannot come down: the rate goes down every two epochs, to the least."""
    X, y = np.zeros((20, 2)), np.array([0, 1] * 10)
    net = cmlp.Network([2, 1], loss="log_loss", bias=False)
    schedule = schedules.ReduceOnPlateau(2.0, factor=0.1, patience=2, min_lr=0.03, monitor="loss")
    history = net.fit(X, y, optimizer=cmlp.SGD(schedule), epochs=8)
    assert_allclose(history.learning_rate, [2, 2, 2, 0.2, 0.2, 0.03, 0.03, 0.03])


@pytest.mark.parametrize("monitor", ["loss", "score"])
def test_the_best_epoch_is_kept(monitor, rng):
    """Labels that say nothing: the network learns them by heart, and does worse on others."""
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
    other = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
    net = cmlp.Network([5, 50, 1], loss="log_loss")
    history = net.fit(
        X, y, optimizer=cmlp.Adam(0.02), epochs=60, validation_data=other, stopping=cmlp.Stopping(f"val_{monitor}", None)
    )
    values = history.val_loss if monitor == "loss" else [-score for score in history.val_score]
    assert history.best_epoch == int(np.argmin(values)) + 1 < 60
    assert_allclose(net.cost(*other), history.val_loss[history.best_epoch - 1])


def test_what_stays_the_same_is_no_improvement(rng):
    """Frozen parameters: patience runs out, the rate comes down, and the first of equal epochs is the best."""
    X, y = rng.normal(size=(12, 2)), rng.integers(0, 2, 12)
    schedule = schedules.ReduceOnPlateau(1.0, factor=0.5, patience=2, monitor="loss")
    settings = {"optimizer": cmlp.SGD(schedule), "batch_size": None, "lr_multipliers": {"*": 0.0}}
    history = cmlp.Network([2, 1], loss="log_loss").fit(X, y, epochs=20, stopping=cmlp.Stopping("loss", 3), **settings)
    assert len(set(history.loss)) == 1
    assert (history.stopped, len(history), history.best_epoch) == ("patience", 4, 1)
    assert history.learning_rate == [1, 1, 1, 0.5]


def test_the_best_epoch_is_counted_over_all_fits(rng):
    X, y = rng.normal(size=(12, 2)), rng.integers(0, 2, 12)
    net = cmlp.Network([2, 1], loss="log_loss")
    net.fit(X, y, epochs=5)
    history = net.fit(X, y, epochs=3, stopping=cmlp.Stopping("loss", None))
    assert history.best_epoch == history.epoch[int(np.argmin(history.loss))] > 5


def test_the_average_of_the_best_epoch_is_kept(rng):
    """Steps that are far too long: the loss is lowest somewhere in the middle, for the EMA too."""
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
    other = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
    net = cmlp.Network([5, 50, 1], loss="log_loss", dtype="float64")
    stopping = cmlp.Stopping("val_loss", None)
    history = net.fit(
        X, y, optimizer=cmlp.Adam(0.05), epochs=40, ema_decay=0.5, validation_data=other, stopping=stopping
    )  # fmt: skip
    assert 1 <= history.best_epoch < 40
    assert net.ema_network().cost(*other) == min(history.val_loss)


def test_patience_with_a_score(rng):
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
    net = cmlp.Network([5, 50, 1], loss="log_loss")
    history = net.fit(X, y, epochs=500, validation_data=(X, y), stopping=cmlp.Stopping("val_score", 5))
    assert history.stopped == "patience"
    assert max(history.val_score[-5:]) <= max(history.val_score[:-5])


def test_a_score_needs_validation_data(rng):
    with pytest.raises(ValueError, match=r"monitor.*'val_score'.*validation_data"):
        cmlp.Network([2, 1], loss="log_loss").fit(rng.normal(size=(4, 2)), [0, 1, 0, 1], stopping=cmlp.Stopping("val_score"))
    with pytest.raises(ValueError, match=r"monitor.*'lost'.*loss"):
        cmlp.Network([2, 1], loss="log_loss").fit(rng.normal(size=(4, 2)), [0, 1, 0, 1], stopping=cmlp.Stopping("lost"))
