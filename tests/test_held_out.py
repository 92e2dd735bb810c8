"""What the estimators hold out of a fit: scikit-learn's names for it, pipelines, scorers as metrics."""

import numpy as np
import pytest
from common import three_sets
from numpy.testing import assert_allclose

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

import sklearn
from sklearn.metrics import get_scorer, mean_absolute_error
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import cmlp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = pytest.mark.parametrize("kind", [cmlp.MLPClassifier, cmlp.MLPRegressor])
PLAIN = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0, "scale": "standard"}


@pytest.fixture
def data():
    return three_sets()


@KINDS
@pytest.mark.parametrize("early_stopping", [False, True])
def test_scikit_learns_names(kind, early_stopping, data):
    (X, y), val, _ = data
    weight = np.linspace(0, 2, len(val[1]))
    one = kind(early_stopping=early_stopping, **PLAIN).fit(X, y, X_val=val[0], y_val=val[1], sample_weight_val=weight)
    two = kind(early_stopping=early_stopping, **PLAIN).fit(X, y, validation_data=(*val, weight))
    assert one.history_.val_loss == two.history_.val_loss
    assert one.validation_scores_ == two.validation_scores_
    if early_stopping:
        assert one.best_validation_score_ == pytest.approx(one.score(*val, weight), rel=1e-6)


@KINDS
def test_they_are_given_once_and_together(kind, data):
    (X, y), val, _ = data
    for given, message in [
        ({"X_val": val[0]}, "y_val must be given with X_val"),
        ({"y_val": val[1]}, "X_val must be given with y_val"),
        ({"sample_weight_val": val[1]}, "X_val must be given with sample_weight_val"),
        ({"X_val": val[0], "y_val": val[1], "validation_data": val}, "validation_data must be None"),
    ]:
        model = kind(**PLAIN)
        with pytest.raises(ValueError, match=message):
            model.fit(X, y, **given)
        assert not hasattr(model, "network_")


@KINDS
def test_through_a_pipeline(kind, data):
    """The steps before transform X_val too; a regressor brings its target back before it is scored."""
    (X, y), (X_val, y_val), _ = data
    settings = PLAIN | {"scale": None, "early_stopping": True, "max_iter": 30, "learning_rate_init": 0.02}
    with sklearn.config_context(enable_metadata_routing=True):
        model = kind(**settings).set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
        pipe = Pipeline([("scale", StandardScaler()), ("mlp", model)], transform_input=["X_val"])
        pipe.fit(1000 * X, y, X_val=1000 * X_val, y_val=y_val)
    scaler = StandardScaler().fit(1000 * X)
    alone = kind(**settings).fit(scaler.transform(1000 * X), y, X_val=scaler.transform(1000 * X_val), y_val=y_val)
    assert pipe[-1].validation_scores_ == alone.validation_scores_
    assert pipe.score(1000 * X_val, y_val) == pytest.approx(alone.best_validation_score_)


@KINDS
@pytest.mark.parametrize("early_stopping", [False, True])
def test_scorers_are_metrics(kind, early_stopping, data, tmp_path):
    (X, y), val, test = data
    name = "neg_log_loss" if kind is cmlp.MLPClassifier else "neg_mean_absolute_error"

    def error(model, X, y, sample_weight=None):
        return mean_absolute_error(y, model.predict(X), sample_weight=sample_weight)

    weight = np.linspace(0, 2, len(test[1]))
    training = {"metrics": {"named": name, "scorer": get_scorer(name), "mine": error}}
    model = kind(early_stopping=early_stopping, training=training, **PLAIN)
    model.fit(X, y, validation_data={"val": val, "test": (*test, weight)})
    metrics, last = model.history_.metrics, -1
    if early_stopping:
        last = model.history_.best_epoch - 1
    assert_allclose(metrics["val_named"], metrics["val_scorer"], rtol=1e-12)
    assert_allclose(metrics["val_named"][last], get_scorer(name)(model, *val), rtol=1e-5)
    assert_allclose(metrics["val_mine"][last], error(model, *val), rtol=1e-5)
    assert_allclose(metrics["test_named"][last], get_scorer(name)(model, *test, sample_weight=weight), rtol=1e-5)
    assert_allclose(metrics["test_mine"][last], error(model, *test, weight), rtol=1e-5)
    model.set_params(training=None)
    cmlp.save(model, tmp_path / "model")
    assert cmlp.load(tmp_path / "model").history_ == model.history_


def test_the_same_X_with_two_targets(data):
    """Which y is whose is told by both."""
    (X, y), (X_val, y_val), _ = data
    training = {"metrics": {"r2": "r2"}}
    model = cmlp.MLPRegressor((6,), max_iter=3, random_state=0, training=training)
    model.fit(X, y, validation_data={"one": (X_val, y_val), "two": (X_val, -3.0 * y_val)})
    assert model.history_.metrics["val_r2"][-1] == pytest.approx(model.score(X_val, y_val), rel=1e-5)
    assert model.history_.metrics["two_r2"][-1] == pytest.approx(model.score(X_val, -3.0 * y_val), rel=1e-5)


def test_partial_fit_has_nothing_held_out(data):
    (X, y), *_ = data
    model = cmlp.MLPClassifier(training={"metrics": {"auc": "roc_auc"}}, **PLAIN)
    assert model.partial_fit(X, y).history_.metrics == {}
    with pytest.raises(ValueError, match="metrics need validation_data"):
        model.fit(X, y)
