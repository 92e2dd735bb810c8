"""Schedules of the estimators go on over calls of partial_fit and over warm starts; those of a network begin anew."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

import cmlp
from cmlp import MLPClassifier, MLPRegressor, schedules

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
EPOCHS = 6

WITH_A_TIME = {
    "step": {"solver": cmlp.SGD(schedules.Step(0.1, every=2))},
    "linear": {"solver": cmlp.Adam(schedules.Linear(0.1, epochs=4))},
    "cosine": {"solver": "sgd", "learning_rate": schedules.Cosine(0.1, epochs=2, restarts=True)},
    "warm up": {"solver": cmlp.SGD(schedules.WarmUp(schedules.Exponential(0.1), epochs=3))},
    "function": {"solver": "adam", "learning_rate": lambda step: 0.1 / (1 + step)},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    "momentum": {"solver": cmlp.Momentum(0.05, schedules.Linear(0.1, 0.9, epochs=5))},
    "dropout": {"dropout": 0.3, "training": {"dropout": schedules.Linear(0.1, 0.8, epochs=5)}},
    "decay": {"solver": cmlp.AdamW(0.01, weight_decay=schedules.Linear(0.1, 0.9, epochs=5))},
}
AS_LONG_AS_FIT = {
    "one cycle": {"solver": cmlp.Adam(schedules.OneCycle(0.1))},
    "polynomial": {"solver": cmlp.SGD(schedules.Polynomial(0.1))},
    "warm up": {"solver": cmlp.SGD(schedules.WarmUp(schedules.Cosine(0.1), epochs=2))},
}
ADAPTIVE = {
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1},
    "plateau": {"solver": cmlp.SGD(schedules.ReduceOnPlateau(0.1, 0.5, 1, 10.0, monitor="loss"))},
}


def data_for(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    return X, (np.arange(90) % 3 if kind is MLPClassifier else X[:, 0])


def make(kind, settings, **more):
    return kind((8,), **({"random_state": 0, "batch_size": 20, "tol": 0, "n_iter_no_change": 100} | settings | more))


@pytest.mark.parametrize("name", [*WITH_A_TIME, *AS_LONG_AS_FIT, *ADAPTIVE])
@KINDS
def test_partial_fits_are_the_epochs_of_a_fit(kind, name):
    settings = (WITH_A_TIME | AS_LONG_AS_FIT | ADAPTIVE)[name]
    X, y = data_for(kind)
    whole = make(kind, settings, max_iter=EPOCHS).fit(X, y)
    parts, rates = make(kind, settings, max_iter=EPOCHS), []
    for _ in range(EPOCHS):
        rates += parts.partial_fit(X, y).history_.learning_rate
    assert_allclose(rates, whole.history_.learning_rate, rtol=1e-12)
    assert len(set(rates)) > 1 or name in ("momentum", "dropout", "decay")
    assert_array_equal(parts.coefs_[0], whole.coefs_[0])


@pytest.mark.parametrize("name", WITH_A_TIME)
@KINDS
def test_warm_starts_go_on(kind, name):
    X, y = data_for(kind)
    whole = make(kind, WITH_A_TIME[name], max_iter=EPOCHS).fit(X, y)
    parts, rates = make(kind, WITH_A_TIME[name], max_iter=EPOCHS // 2, warm_start=True), []
    for _ in range(2):
        rates += parts.fit(X, y).history_.learning_rate
    assert_allclose(rates, whole.history_.learning_rate, rtol=1e-12)
    again = parts.set_params(warm_start=False).fit(X, y)
    assert_allclose(again.history_.learning_rate, rates[: EPOCHS // 2])


def test_a_warm_start_makes_a_schedule_longer():
    X, y = data_for(MLPRegressor)
    model = make(MLPRegressor, {"solver": cmlp.SGD(schedules.Linear(0.8))}, batch_size=None, max_iter=2, warm_start=True)
    assert_allclose(model.fit(X, y).history_.learning_rate, [0.8, 0.4])
    assert_allclose(model.fit(X, y).history_.learning_rate, [0.4, 0.2])


def test_partial_fits_after_the_last_epoch_stay_at_the_end():
    X, y = data_for(MLPRegressor)
    model = make(MLPRegressor, {"solver": cmlp.SGD(schedules.Linear(0.8, 0.1))}, batch_size=None, max_iter=2)
    rates = [model.partial_fit(X, y).history_.learning_rate[0] for _ in range(4)]
    assert_allclose(rates, [0.8, 0.45, 0.1, 0.1])


def test_a_schedule_that_leaves_its_range_is_refused():
    X, y = data_for(MLPRegressor)
    model = make(MLPRegressor, {"learning_rate": lambda step: 0.1 - 0.04 * step}, batch_size=None)
    model.partial_fit(X, y).partial_fit(X, y).partial_fit(X, y)
    theta = model.network_.theta.copy()
    with pytest.raises(ValueError, match=r"learning_rate must be .* >= 0"):
        model.partial_fit(X, y)
    assert_array_equal(model.network_.theta, theta)
    assert model.n_iter_ == 3


def test_a_network_begins_its_schedule_anew():
    X, y = data_for(MLPRegressor)
    net = cmlp.Network([4, 8, 1], loss="squared_error")
    settings = {"optimizer": cmlp.SGD(schedules.Step(0.1, every=2)), "epochs": 3}
    assert net.fit(X, y, **settings).learning_rate == net.fit(X, y, **settings).learning_rate


@KINDS
def test_a_checkpoint_of_a_warm_start_resumes_its_schedule(kind, tmp_path):
    X, y = data_for(kind)
    settings = {"solver": cmlp.SGD(schedules.Step(0.1, every=2)), "warm_start": True}

    class Stops(cmlp.callbacks.Callback):
        def state(self):
            return {}

        def on_epoch_end(self, training):
            if len(training.history) == 3 and training.history.epoch[-1] > EPOCHS and not self.resumed:
                training.stop("enough")

    Stops.resumed = False
    model, whole = (make(kind, settings, max_iter=EPOCHS).fit(X, y) for _ in range(2))
    whole.fit(X, y)
    calls = [cmlp.callbacks.Checkpoint(tmp_path / "part", resume=True), Stops()]
    model.set_params(callbacks=calls).fit(X, y)
    resumed = make(kind, settings, max_iter=EPOCHS).fit(X, y).set_params(callbacks=calls)
    Stops.resumed = True
    resumed.fit(X, y)
    assert resumed.history_.learning_rate == whole.history_.learning_rate
    assert_array_equal(resumed.coefs_[0], whole.coefs_[0])
