"""Single arguments inside the dicts `network` and `training`, reached by two underscores."""

import inspect

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])


def data_for(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    return X, (np.arange(60) % 3 if kind is MLPClassifier else X[:, 0])


@KINDS
def test_set_and_get(kind):
    given = {"input_noise": 0.1}
    model = kind((4, 4), network=given)
    assert model.get_params()["network__input_noise"] == 0.1
    assert "network__input_noise" not in model.get_params(deep=False)
    model.set_params(network__residual=1, training__ema_decay=0.9, alpha=0.5)
    assert model.network == {"input_noise": 0.1, "residual": 1}
    assert model.training == {"ema_decay": 0.9}
    assert model.alpha == 0.5
    assert given == {"input_noise": 0.1}
    assert model.set_params(network={"residual": 0}, network__input_dropout=0.2).network == {
        "residual": 0,
        "input_dropout": 0.2,
    }
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert twin.network is not model.network
    twin.set_params(network__residual=2)
    assert model.network["residual"] == 0


@KINDS
def test_they_reach_the_network(kind):
    X, y = data_for(kind)
    model = kind((4, 4), max_iter=2, random_state=0).set_params(network__residual=1, training__ema_decay=0.9)
    model.fit(X, y)
    assert [layer.source for layer in model.network_.layers] == [None, 0, None]
    assert model.network_.ema is not None
    assert model.set_params(network__residual=0).fit(X, y).network_.layers[1].source is None


@KINDS
def test_searches(kind):
    X, y = data_for(kind)
    model = make_pipeline(StandardScaler(), kind((4, 4), max_iter=3, random_state=0))
    step = type(model[-1]).__name__.lower()
    grid = {f"{step}__network__residual": [0, 1], f"{step}__training__ema_decay": [None, 0.5]}
    scoring = "neg_log_loss" if kind is MLPClassifier else "r2"
    search = GridSearchCV(model, grid, cv=2, scoring=scoring).fit(X, y)
    assert set(search.best_params_) == set(grid)
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    assert search.best_estimator_[-1].network == {"residual": search.best_params_[f"{step}__network__residual"]}


@KINDS
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("network__residuel", r"Invalid parameter 'residuel' of network in {kind}\. Valid parameters are: .*'residual'"),
        ("training__patience", r"Invalid parameter 'patience' of training in {kind}\. Valid parameters are: .*'stopping'"),
        ("network__seed", r"'seed' of network in {kind}: use random_state"),
        ("training__epochs", r"'epochs' of training in {kind}: use max_iter"),
        ("network__", r"Invalid parameter '' of network"),
        ("netwurk__residual", r"Invalid parameter 'netwurk'"),
        ("residual", r"Invalid parameter 'residual'"),
    ],
)
def test_unknown_names_are_refused(kind, name, message):
    model = kind()
    with pytest.raises(ValueError, match=message.replace("{kind}", kind.__name__)):
        model.set_params(**{name: 1})
    assert model.network is None
    assert model.training is None
    outer, delimiter, inner = name.partition("__")
    if delimiter and outer in ("network", "training"):
        X, y = data_for(kind)
        with pytest.raises(ValueError, match=message.replace("{kind}", kind.__name__)):
            kind(**{outer: {inner: 1}}).fit(X, y)


@KINDS
@pytest.mark.parametrize("name", ["network", "training"])
def test_a_dict_is_a_dict(kind, name):
    X, y = data_for(kind)
    with pytest.raises(TypeError, match=rf"{name} must be a dict.*\[1\]"):
        kind(**{name: [1]}).fit(X, y)


@KINDS
def test_positional_arguments_are_those_of_scikit_learn(kind):
    with pytest.raises(TypeError, match="positional"):
        kind((4,), "relu", "adam")
    X, y = data_for(kind)
    with pytest.raises(TypeError, match="positional"):
        kind().fit(X, y, None, (X, y))
    with pytest.raises(TypeError, match=r"hidden_layer_sizes.*'poisson'.*loss='poisson'"):
        kind("poisson").fit(X, y)
    if kind is MLPClassifier:
        assert kind().partial_fit(X, y, None, [0, 1, 2, 3]).classes_.tolist() == [0, 1, 2, 3]


def test_everything_a_network_takes_can_be_given():
    """What the estimators give themselves and what the dicts take are all that `Network` and `Network.fit` have."""
    from cmlp.estimators import nested

    model = MLPClassifier()
    for name, takes in nested.TAKES.items():
        names = set(inspect.signature(takes).parameters) - {"self"}
        assert {*nested.valid(name), *nested.OWN[name]} == names
        for where in nested.OWN[name].values():
            assert where.split("(")[0] in {*model.get_params(), "fit", "partial_fit"}
    assert cmlp.Network is nested.Network
