"""A fit that continues another: what may change, what is refused, and weights that are assigned by hand."""

import re

import numpy as np
import pytest
from common import DTYPES
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

from sklearn.exceptions import NotFittedError

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
PLAIN = {"max_iter": 2, "random_state": 0}

CHANGED = [
    {"hidden_layer_sizes": (9,)},
    {"hidden_layer_sizes": (8, 8)},
    {"activation": "tanh"},
    {"activation": [cmlp.activations.LeakyReLU(0.1)]},
    {"loss": "squared_error"},
    {"loss": cmlp.losses.Huber(2.0)},
    {"dropout": 0.5},
    {"norm": "batch"},
    {"dtype": "float64"},
    {"network": {"residual": 1}},
    {"scale": "standard"},
    {"impute": True},
    {"categorical_features": [1]},
]
GOES_ON = [
    {"solver": "sgd", "learning_rate_init": 0.1, "learning_rate": "invscaling"},
    {"solver": cmlp.RMSprop(0.01)},
    {"alpha": 1.0, "batch_size": 10, "max_iter": 5, "tol": 0.1, "n_iter_no_change": 3, "shuffle": False},
    {"callbacks": [cmlp.callbacks.LearningRateMonitor()], "training": {"clip_norm": 1.0}, "n_threads": 1},
    {"early_stopping": True, "validation_fraction": 0.2},
    {"solver": "lbfgs", "max_fun": 10},
    {"random_state": 3, "verbose": True},
    # the same in other words
    {"hidden_layer_sizes": [8], "activation": ["relu"], "dropout": [0.0], "norm": [None], "dtype": "float32", "network": {}},
    {"hidden_layer_sizes": 8, "activation": cmlp.activations.ReLU(), "dropout": 0, "impute": False},
]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    return X, X[:, 0], np.arange(60) % 3


def first_fit(kind, data, **settings):
    """(model, X, y), whose own loss is none of those in CHANGED."""
    X, values, labels = data
    y = labels if kind is MLPClassifier else values
    own = {} if kind is MLPClassifier else {"loss": "huber"}
    return kind((8,), warm_start=True, **PLAIN, **own, **settings).fit(X, y), X, y


@pytest.mark.parametrize("changed", CHANGED, ids=str)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@KINDS
def test_another_network_is_refused_by_name(kind, method, changed, data):
    if kind is MLPClassifier and changed.get("loss") == cmlp.losses.Huber(2.0):
        changed = {"loss": cmlp.losses.CrossEntropy(0.1)}
    model, X, y = first_fit(kind, data)
    expected, theta, name = model.predict(X), model.network_.theta.copy(), next(iter(changed))
    remedy = "use warm_start=False" if method == "fit" else "clone"
    with pytest.raises(ValueError, match=rf"^{name} must be .* as in the last fit.*{remedy}"):
        getattr(model.set_params(**changed), method)(X, y)
    assert_array_equal(model.network_.theta, theta)
    assert_array_equal(model.predict(X), expected)
    assert model.set_params(warm_start=False).fit(X, y).network_ is not None


@pytest.mark.parametrize("changed", GOES_ON, ids=str)
@KINDS
def test_how_it_learns_may_change(kind, changed, data, capsys):
    model, X, y = first_fit(kind, data)
    first = model.coefs_[0].copy()
    model.set_params(**changed).fit(X, y)
    assert len(model.loss_curve_) == 2 + model.n_iter_
    assert (model.coefs_[0] != first).any()
    assert_allclose(model.coefs_[0], first, atol=2.0)  # from there, not from new weights
    if model.early_stopping:
        assert model.best_validation_score_ == max(model.validation_scores_)


def test_settings_that_hold_arrays_are_compared(data):
    X, _, y = data
    W = np.full((4, 8), 0.1)
    model = MLPClassifier((8,), network={"init": [W, "zeros"]}, warm_start=True, **PLAIN).fit(X, y)
    model.set_params(network={"init": [W.copy(), "zeros"]}).fit(X, y)
    with pytest.raises(ValueError, match=r"^network must be"):
        model.set_params(network={"init": [W + 1, "zeros"]}).fit(X, y)
    mask = MLPClassifier((8,), categorical_features=np.array([False, False, False, True]), warm_start=True, **PLAIN)
    X = np.column_stack([X[:, :3], y])
    mask.fit(X, y).set_params(categorical_features=np.array([False, False, False, True])).fit(X, y)
    with pytest.raises(ValueError, match=r"^categorical_features must be"):
        mask.set_params(categorical_features=np.array([False, False, True, True])).fit(X, y)


@pytest.mark.parametrize("others", [[0, 1], [0, 1, 2, 3], [7, 8, 9], ["a", "b", "c"]])
def test_other_classes_are_refused(others, data):
    model, X, y = first_fit(MLPClassifier, data)
    other = np.resize(others, 60)
    message = re.escape(f"Previously got [0 1 2], `y` has {np.unique(other)}: use warm_start=False")
    theta = model.network_.theta.copy()
    with pytest.raises(ValueError, match=message):
        model.fit(X, other)
    with pytest.raises(ValueError, match="same classes"):
        model.fit(X, np.eye(3, dtype=int)[y] | [1, 0, 0])
    assert_array_equal(model.network_.theta, theta)
    assert model.set_params(warm_start=False).fit(X, other).classes_.tolist() == np.unique(others).tolist()


def test_another_number_of_targets_is_refused(data):
    model, X, y = first_fit(MLPRegressor, data)
    with pytest.raises(ValueError, match=r"y must have 1 columns.*got 2.*warm_start=False"):
        model.fit(X, np.c_[y, y])
    model.fit(X, y[:, None])


@KINDS
def test_a_loaded_model_goes_on(kind, data, tmp_path):
    model, X, y = first_fit(kind, data, scale="standard")
    cmlp.save(model, tmp_path / "model")
    loaded = cmlp.load(tmp_path / "model")
    assert_array_equal(loaded.fit(X, y).predict(X), model.fit(X, y).predict(X))
    with pytest.raises(ValueError, match=r"^scale must be 'standard'"):
        loaded.set_params(scale=None).fit(X, y)


# --- partial_fit ------------------------------------------------------------------------------------------------------
@KINDS
def test_partial_fit_needs_batches(kind, data):
    for solver in ("lbfgs", cmlp.LBFGS()):
        model = kind(solver=solver)
        assert not hasattr(model, "partial_fit")
        with pytest.raises(AttributeError) as caught:
            model.partial_fit(data[0], data[2])
        assert "L-BFGS" in str(caught.value.__cause__)
    for solver in ("sgd", "adam", "lion", cmlp.SGD()):
        assert hasattr(kind(solver=solver), "partial_fit")
    fitted, *_ = first_fit(kind, data)
    assert not hasattr(fitted.set_params(solver="lbfgs"), "partial_fit")


# --- assigned weights -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("averaged", [False, True])
@KINDS
def test_weights_can_be_assigned(kind, averaged, dtype, data, rng):
    training = {"ema_decay": 0.9} if averaged else None
    model, X, y = first_fit(kind, data, dtype=dtype, activation="tanh", training=training)
    W = [rng.normal(size=array.shape) for array in model.coefs_]
    b = [rng.normal(size=array.shape) for array in model.intercepts_]
    model.coefs_, model.intercepts_ = W, b
    outputs = np.tanh(X @ W[0] + b[0]) @ W[1] + b[1]
    answer = model.decision_function(X) if kind is MLPClassifier else model.predict(X)[:, None]
    assert_allclose(answer, outputs, rtol=1e-4 if dtype == "float32" else 1e-12, atol=1e-6)
    assert model.coefs_[0].dtype == dtype
    W[0][:] = 0
    assert model.coefs_[0].all()
    before = model.loss_curve_[-1]
    assert abs(model.partial_fit(X, y).loss_curve_[-1] - before) > 1e-3  # it goes on from there
    assert_allclose(model.network_.layers[1].W, W[1], atol=0.02)


@KINDS
def test_weights_that_do_not_fit_are_refused(kind, data):
    with pytest.raises(NotFittedError):
        kind().coefs_ = [np.ones((4, 8))]
    model, *_ = first_fit(kind, data, network={"bias": [True, False]})
    theta, W, b = model.network_.theta.copy(), model.coefs_, model.intercepts_
    for attribute, given, error, message in [
        ("coefs_", [W[0]], ValueError, r"coefs_ must be a list of 2 arrays.*got 1"),
        ("coefs_", W[0], ValueError, r"coefs_ must be a list of 2 arrays.*got a ndarray"),
        ("coefs_", [np.ones((4, 8)), np.ones((3, 8))], ValueError, r"coefs_\[1\] must have shape \(8, .\), got \(3, 8\)"),
        ("coefs_", [np.full((4, 8), np.nan), W[1]], ValueError, r"coefs_\[0\].*nan"),
        ("coefs_", [np.full((4, 8), "a"), W[1]], TypeError, r"coefs_\[0\] must hold real numbers"),
        ("intercepts_", [np.ones(7), b[1]], ValueError, r"intercepts_\[0\] must have shape \(8,\), got \(7,\)"),
        ("intercepts_", [b[0], b[1] + 1], ValueError, r"intercepts_\[1\] must be zeros.*layer 1 has no biases"),
    ]:
        with pytest.raises(error, match=message):
            setattr(model, attribute, given)
    assert_array_equal(model.network_.theta, theta)
    model.intercepts_ = b
