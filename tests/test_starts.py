"""Where the outputs of a regression start: at the best constant prediction; and what is said of targets that are too large."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import cmlp
from cmlp import losses

MINIMAL = {
    "squared_error": losses.SquaredError(),
    "absolute_error": losses.AbsoluteError(),
    "quantile": losses.Quantile((0.1, 0.5, 0.8)),
    "poisson": losses.Poisson(),
    "gamma": losses.Gamma(),
    "gaussian": losses.Gaussian(),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", MINIMAL)
def test_no_other_constant_has_less_loss(name, weighted, rng):
    loss = MINIMAL[name]
    Y = rng.gamma(2.0, [3.0, 50.0], size=(501, 2))
    weight = rng.integers(0, 4, 501).astype(float) if weighted else None
    start = loss.start(Y, weight)
    assert start.shape == (2 * loss.outputs_per_target,)
    net = cmlp.Network([1, len(start)], loss=loss, dtype="float64")
    X = np.zeros((501, 1))

    def cost(b):
        net.layers[0].b[:] = b
        return net.cost(X, Y, weight)

    least = cost(start)
    for step in (-0.05, 0.05):
        for change in np.eye(len(start)):
            assert cost(start + step * change) >= least - 1e-12 * abs(least)


@pytest.mark.parametrize("loss", [losses.Huber(), losses.LogCosh()])
def test_robust_losses_start_at_the_median(loss):
    Y = np.array([[1.0], [2.0], [3.0], [4.0], [1e9]])
    assert loss.start(Y, None) == [3]
    assert loss.start(Y, np.array([9.0, 0, 0, 0, 1])) == [1]


def test_losses_that_do_not_say():
    """Classification starts as scikit-learn does, for which it helps on no table; constants without a finite logit too."""
    zeros = np.zeros((5, 1))
    for loss in (losses.LogLoss(), losses.CrossEntropy(), losses.Perceptron(), losses.Custom(lambda Z, Y: (Z, Y))):
        assert loss.start(zeros, None) is None
    for loss in (losses.Poisson(), losses.Gamma(), losses.Gaussian()):
        assert loss.start(zeros, None) is None


# --- estimators -------------------------------------------------------------------------------------------------------
def fitted(X, y, weight=None, **settings):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    rate = {"learning_rate_init": 1e-12} if "solver" not in settings else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cmlp.MLPRegressor((4,), max_iter=1, random_state=0, **rate, **settings).fit(X, y, weight)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma", losses.Quantile((0.1, 0.9)), "gaussian", "huber"])
def test_a_regressor_starts_there(loss, rng):
    X, y, weight = rng.normal(size=(60, 3)), rng.gamma(2.0, 1000.0, 60), rng.uniform(0, 2, 60)
    for w in (None, weight):
        model = fitted(X, y, w, loss=loss)
        assert_allclose(model.intercepts_[-1], losses.resolve(loss).start(y[:, None], w), rtol=1e-6)
    model = fitted(X, y, loss=loss, early_stopping=True)
    assert (model.intercepts_[-1] != losses.resolve(loss).start(y[:, None], None)).any(), "it does not see what is held out"


def test_of_scaled_targets_it_is_about_0(rng):
    X, y = rng.normal(size=(60, 3)), 1e6 + 1e3 * rng.normal(size=(60, 2))
    assert_allclose(fitted(X, y, scale="standard").intercepts_[-1], 0, atol=1e-6)


@pytest.mark.parametrize(
    "network", [{"bias_init": "glorot_uniform"}, {"bias": [True, False]}, {"output": "tanh"}, {"bias_init": "zeros"}], ids=str
)
def test_what_the_user_chose_stays(network, rng):
    X, y = rng.normal(size=(60, 3)), 0.5 + 0.1 * rng.normal(size=60)
    assert abs(fitted(X, y, network=network).intercepts_[-1]) < 1.2  # Glorot's bound for 4 and 1 units is 1.1
    assert fitted(X, y + 5, network=network).intercepts_[-1] == fitted(X, y, network=network).intercepts_[-1]


def test_a_partial_fit_starts_there_a_warm_start_does_not(rng):
    X, y = rng.normal(size=(60, 3)), 1000.0 + rng.normal(size=60)
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    model = cmlp.MLPRegressor((4,), learning_rate_init=1e-12, random_state=0).partial_fit(X, y)
    assert_allclose(model.intercepts_[-1], y.mean(), rtol=1e-6)
    assert_allclose(model.partial_fit(X, y + 500).intercepts_[-1], y.mean(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:overflow")
def test_large_targets_name_the_remedy(rng):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.exceptions import ConvergenceWarning

    X, y = rng.normal(size=(60, 3)), 1e5 * rng.normal(size=60)
    with pytest.raises(cmlp.DivergenceError, match="scale='standard'"):
        cmlp.MLPRegressor(solver="sgd", learning_rate_init=1.0, random_state=0).fit(1e3 * X, y)
    with pytest.raises(cmlp.DivergenceError, match="scale='standard'"):
        cmlp.MLPRegressor(solver="sgd", learning_rate_init=1.0, random_state=0).partial_fit(1e8 * X, y).partial_fit(1e8 * X, y)
    hint = re.escape("y has a standard deviation of ") + r"\S+: scale='standard' standardizes it"
    with pytest.warns(ConvergenceWarning, match=hint):
        cmlp.MLPRegressor(max_iter=2, random_state=0).fit(X, y)
    for model, target in [
        (cmlp.MLPRegressor(max_iter=2, random_state=0, scale="standard"), y),
        (cmlp.MLPRegressor(max_iter=2, random_state=0, loss="poisson"), np.abs(y) / 100),
        (cmlp.MLPRegressor(max_iter=2, random_state=0), y / 1e5),
    ]:
        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(X, target)
        assert "standard deviation" not in str(caught[0].message)
