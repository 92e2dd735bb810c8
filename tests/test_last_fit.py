"""A fitted estimator answers as its last fit left it: whatever its parameters are now, and whoever fits it meanwhile."""

import pickle
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

from sklearn.base import clone
from sklearn.utils import get_tags

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OTHERS = [
    {"loss": "squared_error"},
    {"activation": "tanh", "hidden_layer_sizes": (9, 9)},
    {"network": {"residual": 1}},
    {"dtype": "float64", "norm": "batch", "dropout": 0.5},
    {"scale": None},
    {"scale": "quantile", "impute": True},
    {"early_stopping": True, "scoring": "explained_variance", "validation_fraction": 0.5},
    {"solver": "lbfgs", "n_threads": 1, "warm_start": True, "alpha": 3.0},
    {"training": {"ema_decay": 0.5}},
]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(3.0, 5.0, size=(80, 3))
    return X, X[:, 0] + X[:, 1], rng.choice(["a", "b", "c"], 80)


def answers(model, X, y):
    """Everything that a fitted estimator says of X."""
    names = ("predict", "predict_proba", "predict_log_proba", "decision_function", "predict_interval")
    said = {name: getattr(model, name)(X) for name in names if hasattr(model, name) and name != "predict_interval"}
    said["score"], said["model"] = model.score(X, y), model.to_model().predict(X)
    return said | {"coefs": model.coefs_[0], "sparse": get_tags(model).input_tags.sparse, "n": model.n_layers_}


def check_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert_array_equal(value, other[name], err_msg=name)


@pytest.mark.parametrize("scale", [None, "standard"])
@pytest.mark.parametrize("changed", OTHERS, ids=str)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_set_params_waits_for_the_next_fit(kind, changed, scale, data, tmp_path):
    X, values, labels = data
    y = labels if kind is MLPClassifier else values
    model = kind((5,), scale=scale, max_iter=5, random_state=0).fit(X, y)
    before = answers(model, X, y)
    model.set_params(**changed)
    check_same(answers(model, X, y), before)
    check_same(answers(pickle.loads(pickle.dumps(model)), X, y), before)
    cmlp.save(model, tmp_path / "model")
    check_same(answers(cmlp.load(tmp_path / "model"), X, y), before)
    model.set_params(warm_start=False, scoring=None)
    check_same(answers(model.fit(X, y), X, y), answers(clone(model).fit(X, y), X, y))


def test_intervals_are_those_of_the_last_fit(data):
    X, y, _ = data
    model = MLPRegressor((5,), loss="gaussian", scale="standard", max_iter=5, random_state=0).fit(X, y)
    low, (means, deviations) = model.predict_interval(X), model.predict(X, return_std=True)
    model.set_params(loss="squared_error", scale=None)
    assert_array_equal(model.predict_interval(X), low)
    assert_array_equal(model.predict(X, return_std=True), (means, deviations))


def test_settings_that_are_changed_in_place(data):
    X, _, y = data
    model = MLPClassifier([5], network={"residual": 0}, max_iter=2, random_state=0).fit(X, y)
    before = answers(model, X, y)
    model.hidden_layer_sizes.append(7)
    model.network["residual"] = 1
    check_same(answers(model, X, y), before)


class Waits(cmlp.callbacks.Callback):
    """Stops between two epochs until it is told to go on."""

    def __init__(self):
        self.reached, self.go_on = threading.Barrier(2, timeout=60), threading.Event()

    def on_epoch_end(self, training):
        if len(training.history) == 2:
            self.reached.wait()
            assert self.go_on.wait(60)

    def __deepcopy__(self, memo):
        return self


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_predictions_during_a_fit_are_those_of_the_last_one(kind, warm_start, data):
    X, values, labels = data
    y = labels if kind is MLPClassifier else values
    waits = Waits()
    model = kind((5,), scale="standard", max_iter=4, random_state=0, warm_start=warm_start).fit(X, y)
    before = answers(model, X, y)
    model.set_params(callbacks=[waits])
    wider = X if warm_start else np.hstack([X, 2 * X])
    fit = threading.Thread(target=model.fit, args=(wider, y))
    fit.start()
    try:
        waits.reached.wait()
        check_same(answers(model, X, y), before)
        assert model.n_features_in_ == 3
    finally:
        waits.go_on.set()
        fit.join(60)
    assert model.n_features_in_ == wider.shape[1]
    assert (model.coefs_[0][:3] != before["coefs"]).any()
    assert model.predict(wider).shape == (80,)
