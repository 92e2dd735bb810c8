"""What cmlp's estimators have more, inside scikit-learn's tools, from several threads; and what they refuse."""

import pickle
import re
import threading

import numpy as np
import pytest
from common import slow
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

import joblib
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_DIGITS, Y_DIGITS = load_digits(n_class=3, return_X_y=True)
X_DIGITS = MinMaxScaler().fit_transform(X_DIGITS[:200])
Y_DIGITS = Y_DIGITS[:200]
X_BINARY, Y_BINARY = X_DIGITS[Y_DIGITS < 2], Y_DIGITS[Y_DIGITS < 2]
X_VALUES, Y_VALUES = make_regression(n_samples=200, n_features=20, bias=100.0, noise=10, random_state=7)
Y_VALUES = StandardScaler().fit_transform(Y_VALUES[:, None])[:, 0]
SOLVERS = ["adam", "sgd", "lbfgs"]


def test_everything_at_once():
    model = MLPClassifier(
        (32, 32),
        [cmlp.activations.LeakyReLU(0.1), "prelu"],
        solver=cmlp.AdamW(cmlp.schedules.OneCycle(0.01), weight_decay=0.01),
        loss=cmlp.losses.CrossEntropy(label_smoothing=0.1),
        dropout=[0.1, 0.2],
        norm="batch",
        class_weight="balanced",
        dtype="float64",
        n_threads=1,
        max_iter=30,
        random_state=0,
        callbacks=[cmlp.callbacks.LearningRateMonitor()],
        network={"residual": 1, "input_noise": 0.05},
        training={"ema_decay": 0.9, "clip_norm": 1.0},
    ).fit(X_DIGITS, Y_DIGITS)
    assert model.score(X_DIGITS, Y_DIGITS) > 0.95
    assert re.search(r"batch.*prelu.*0\.2.*layer 0", model.network_.summary())
    assert len(model.callbacks[0].learning_rates) == 30
    assert clone(model).get_params().keys() == model.get_params().keys()


def test_validation_data_of_ones_own():
    model = MLPClassifier(early_stopping=True, max_iter=20, random_state=0)
    model.fit(X_DIGITS[:150], Y_DIGITS[:150], validation_data=(X_DIGITS[150:], Y_DIGITS[150:]))
    assert model.best_validation_score_ == model.score(X_DIGITS[150:], Y_DIGITS[150:])
    watched = MLPClassifier(max_iter=3, random_state=0).fit(
        X_DIGITS[:150], Y_DIGITS[:150], validation_data=(X_DIGITS[150:], Y_DIGITS[150:])
    )
    assert len(watched.history_.val_score) == 3


@pytest.mark.parametrize("scoring", ["neg_log_loss", "f1_macro", lambda model, X, y: model.predict_proba(X)[:, 0].mean()])
def test_scoring_of_early_stopping(scoring):
    model = MLPClassifier(
        (20,), early_stopping=True, scoring=scoring, max_iter=300, random_state=0, tol=1e-4, n_iter_no_change=3
    )
    model.set_params(learning_rate_init=0.02)
    model.fit(X_DIGITS, Y_DIGITS)
    assert model.n_iter_ < 300
    assert model.history_.stopped == "patience"
    assert model.history_.best_epoch <= model.n_iter_


def test_the_validation_part_has_its_share_of_each_class():
    rng, seen = np.random.default_rng(0), []
    X, y = rng.normal(size=(300, 2)), rng.permutation(["rare"] * 30 + ["usual"] * 270)
    settings = {"early_stopping": True, "n_iter_no_change": 2, "hidden_layer_sizes": (3,), "random_state": 0}
    MLPClassifier(scoring=lambda model, X, y: float(bool(seen.append(y))), **settings).fit(X, y)
    assert np.unique(seen[0], return_counts=True)[1].tolist() == [3, 27]


@pytest.mark.parametrize("weights", ["balanced", {"rare": 10.0}])
def test_class_weights(weights):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = np.where(X[:, 0] + 0.8 * rng.normal(size=600) > 1.8, "rare", "usual")
    plain = MLPClassifier((10,), max_iter=100, random_state=0).fit(X, y)
    weighted = clone(plain).set_params(class_weight=weights).fit(X, y)
    assert (weighted.predict(X) == "rare").sum() > 1.5 * (plain.predict(X) == "rare").sum()
    with pytest.raises(ValueError, match=r"class_weight.*'odd'"):
        clone(plain).set_params(class_weight={"odd": 1}).fit(X, y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("weights", ["balanced", {0: 30.0, 1: 10.0}])
def test_class_weights_are_sample_weights(weights, sampled, solver):
    """Also in the strength of the penalty, with which a vast alpha would show the difference; in partial_fit too."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), (rng.random(200) < 0.2).astype(int)
    X[:, 0] += y
    given = rng.uniform(0.5, 2, 200) if sampled else np.ones(200)
    totals = np.bincount(y, given)
    factors = given.sum() / (2 * totals) if weights == "balanced" else np.array([30.0, 10.0])
    settings = {"solver": solver, "alpha": 1.0, "max_iter": 50, "random_state": 0, "dtype": "float64"}
    by_class, by_sample = MLPClassifier((), class_weight=weights, **settings), MLPClassifier((), **settings)
    for method in ("fit", "partial_fit")[: 1 if solver == "lbfgs" else 2]:
        getattr(by_class, method)(X, y, given if sampled else None)
        getattr(by_sample, method)(X, y, given * factors[y])
        assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-10)
        assert_allclose(by_class.loss_curve_, by_sample.loss_curve_, rtol=1e-10)
    if weights != "balanced" and solver == "lbfgs":
        strongest = MLPClassifier((), **settings).fit(X, y, given * factors[y] / factors[0])
        assert abs(strongest.predict_proba(X) - by_sample.predict_proba(X)).max() > 1e-3


def test_class_weights_of_labels_are_refused():
    with pytest.raises(ValueError, match=r"class_weight.*multilabel"):
        MLPClassifier((), class_weight="balanced").fit(X_DIGITS, np.eye(3, dtype=int)[Y_DIGITS] | [1, 0, 0])


def test_sample_weights_count_as_repetitions():
    weight = np.random.default_rng(0).integers(0, 4, 200)
    settings = {"solver": "lbfgs", "max_iter": 30, "random_state": 0, "alpha": 0.1, "hidden_layer_sizes": (5,)}
    weighted = MLPClassifier(**settings).fit(X_DIGITS, Y_DIGITS, weight)
    repeated = MLPClassifier(**settings).fit(np.repeat(X_DIGITS, weight, axis=0), np.repeat(Y_DIGITS, weight))
    assert_allclose(weighted.predict_proba(X_DIGITS), repeated.predict_proba(X_DIGITS), atol=1e-4)


def test_quantiles():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (1000, 1))
    y = 50 + 10 * X[:, 0] + 3 * rng.normal(size=1000)
    model = MLPRegressor((20,), "tanh", loss=cmlp.losses.Quantile((0.1, 0.5, 0.9)), solver=cmlp.Adam(0.01), scale="standard",
                         random_state=0, max_iter=60).fit(X, y)  # fmt: skip
    quantiles = model.predict_quantiles(X)
    assert quantiles.shape == (1000, 3)
    assert_allclose(quantiles[:, 1], model.predict(X))
    assert_array_equal(model.predict_interval(X), quantiles[:, [0, 2]])
    inside = ((quantiles[:, 0] < y) & (y < quantiles[:, 2])).mean()
    assert abs(inside - 0.8) < 0.04
    with pytest.raises(ValueError, match=r"coverage.*0\.5"):
        model.predict_interval(X, 0.5)
    with pytest.raises(ValueError, match="loss='gaussian'"):
        model.predict(X, return_std=True)
    two = clone(model).fit(X, np.c_[y, -y])
    assert two.predict(X).shape == (1000, 2)
    assert two.predict_quantiles(X).shape == (1000, 2, 3)


def test_gaussian_intervals():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (1000, 1))
    spread = np.where(X[:, 0] > 0, 5.0, 1.0)
    y = 50 + spread * rng.normal(size=1000)
    model = MLPRegressor((20,), "tanh", loss="gaussian", solver=cmlp.Adam(0.01), scale="standard", random_state=0, max_iter=80)
    model.fit(X, y)
    means, deviations = model.predict([[-0.5], [0.5]], return_std=True)
    assert_allclose(means, 50, atol=1.5)
    assert_allclose(deviations, [1, 5], rtol=0.25)
    low, high = model.predict_interval(X, 0.8).T
    assert abs(((low < y) & (y < high)).mean() - 0.8) < 0.05
    with pytest.raises(ValueError, match="quantile"):
        model.predict_quantiles(X)


def test_losses_of_the_wrong_kind():
    with pytest.raises(ValueError, match=r"loss.*'poisson'.*MLPRegressor"):
        MLPClassifier(loss="poisson").fit(X_DIGITS, Y_DIGITS)
    with pytest.raises(ValueError, match=r"loss.*'log_loss'.*MLPClassifier"):
        MLPRegressor(loss="log_loss").fit(X_VALUES, Y_VALUES)


def test_poisson_and_own_losses():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (500, 2))
    counts = rng.poisson(np.exp(1 + X[:, 0]))
    model = MLPRegressor((10,), loss="poisson", random_state=0, learning_rate_init=0.02, scale="standard").fit(X, counts)
    assert model.out_activation_ == "exp"
    assert abs(model.predict(X).mean() - counts.mean()) < 0.2

    def squared(Z, Y):
        return 0.5 * ((Z - Y) ** 2).sum(axis=1), Z - Y

    settings = {"random_state": 0, "max_iter": 5, "network": {"bias_init": "zeros"}}
    one = MLPRegressor((10,), loss=squared, **settings).fit(X_VALUES, Y_VALUES)
    two = MLPRegressor((10,), **settings).fit(X_VALUES, Y_VALUES)
    assert_allclose(one.predict(X_VALUES), two.predict(X_VALUES), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["csr_array", *slow("csc_array", "csr_matrix")])
def test_sparse_inputs(kind):
    import scipy.sparse

    X = getattr(scipy.sparse, kind)(np.where(X_DIGITS > 0.3, X_DIGITS, 0))
    settings = {"max_iter": 20, "random_state": 0, "early_stopping": True, "dtype": "float64"}
    sparse, dense = MLPClassifier(**settings).fit(X, Y_DIGITS), MLPClassifier(**settings).fit(X.toarray(), Y_DIGITS)
    assert_allclose(sparse.predict_proba(X), dense.predict_proba(X.toarray()), rtol=1e-9)
    assert_allclose(sparse.validation_scores_, dense.validation_scores_)
    parts = MLPClassifier(**settings | {"early_stopping": False})
    assert parts.partial_fit(X, Y_DIGITS).partial_fit(X, Y_DIGITS).n_iter_ == 2
    with pytest.raises(TypeError, match=r"X.*MaxAbsScaler"):
        MLPClassifier(scale="standard").fit(X, Y_DIGITS)


# --- inside scikit-learn --------------------------------------------------------------------------------------
@pytest.mark.slow
def test_grid_search_on_two_processes():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(max_iter=5, learning_rate_init=0.01, random_state=0)),
        {"mlpclassifier__hidden_layer_sizes": [(5,), (20,)], "mlpclassifier__dropout": [0.0, 0.3]},
        n_jobs=2,
        cv=2,
    )
    search.fit(X_DIGITS, Y_DIGITS)
    assert search.best_params_["mlpclassifier__hidden_layer_sizes"] == (20,)
    assert search.best_score_ > 0.8


@pytest.mark.slow
def test_other_tools():
    model = MLPClassifier((20,), max_iter=30, learning_rate_init=0.02, random_state=0)
    assert cross_val_predict(model, X_DIGITS, Y_DIGITS, cv=3, method="predict_proba").shape == (200, 3)
    assert cross_val_score(model, X_DIGITS, Y_DIGITS, cv=3).mean() > 0.9
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X_BINARY, Y_BINARY)
    assert roc_auc_score(Y_BINARY, calibrated.predict_proba(X_BINARY)[:, 1]) > 0.95
    fitted = model.fit(X_DIGITS, Y_DIGITS)
    assert permutation_importance(fitted, X_DIGITS, Y_DIGITS, n_repeats=2, random_state=0).importances.shape == (64, 2)
    sizes, _, _ = learning_curve(model, X_DIGITS, Y_DIGITS, cv=2, train_sizes=[0.5, 1.0])
    assert len(sizes) == 2
    assert "MLPClassifier" in fitted._repr_html_()


def test_metadata_routing():
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        model = (
            MLPClassifier(max_iter=2, random_state=0).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        )
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X_DIGITS, Y_DIGITS, sample_weight=np.ones(200))
        assert pipeline.score(X_DIGITS, Y_DIGITS, sample_weight=np.ones(200)) > 0.1


@pytest.mark.parametrize("how", ["pickle", "joblib"])
def test_pickles(how, tmp_path):
    model = MLPClassifier((20,), norm="batch", max_iter=5, random_state=0).fit(X_DIGITS, Y_DIGITS)
    if how == "pickle":
        twin = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model")
        twin = joblib.load(tmp_path / "model")
    assert_array_equal(twin.predict_proba(X_DIGITS), model.predict_proba(X_DIGITS))
    assert_array_equal(twin.partial_fit(X_DIGITS, Y_DIGITS).coefs_[0], model.partial_fit(X_DIGITS, Y_DIGITS).coefs_[0])


@pytest.mark.parametrize("make", [lambda: MLPClassifier(max_iter=1).fit(X_DIGITS, Y_DIGITS), lambda: cmlp.Network([2, 2])])
def test_pickles_of_another_major_version(make, monkeypatch):
    made = make()
    monkeypatch.setattr(cmlp.version, "__version__", "7.0.1")
    old = pickle.dumps(made)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"pickle.*7\.0\.1"):
        pickle.loads(old)


# --- threads --------------------------------------------------------------------------------------------------
def in_threads(work, n=4):
    results, errors = [None] * n, []

    def run(k):
        try:
            results[k] = work(k)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, errors


def test_predictions_from_several_threads():
    model = MLPClassifier((50,), max_iter=5, random_state=0).fit(X_DIGITS, Y_DIGITS)
    expected = model.predict_proba(X_DIGITS)
    results, errors = in_threads(lambda k: [model.predict_proba(X_DIGITS) for _ in range(30)])
    assert not errors
    for result in results:
        for probabilities in result:
            assert_array_equal(probabilities, expected)


def test_one_estimator_is_not_fitted_from_two_threads():
    class Meets(cmlp.callbacks.Callback):
        def on_fit_begin(self, training):
            self.errors = in_threads(lambda k: [model.fit, model.partial_fit][k](X_DIGITS, Y_DIGITS), 2)[1]

    meets = Meets()
    model = MLPClassifier(max_iter=2, callbacks=[meets], random_state=0)
    model.fit(X_DIGITS, Y_DIGITS)
    assert [type(error) for error in meets.errors] == [RuntimeError] * 2
    assert all("thread" in str(error) for error in meets.errors)
    assert model.n_iter_ == 2
    assert model.predict(X_DIGITS).shape == (200,)


# --- errors ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_layer_sizes": -1}, "hidden_layer_sizes.*-1"),
        ({"hidden_layer_sizes": (4, 0)}, "hidden_layer_sizes.*0"),
        ({"activation": "rellu"}, "activation.*'rellu'.*'relu'"),
        ({"solver": "hadoken"}, "solver.*'hadoken'"),
        ({"alpha": -1}, "alpha.*-1"),
        ({"batch_size": -1}, "batch_size.*-1"),
        ({"learning_rate": "converge"}, "learning_rate.*constant.*'converge'"),
        ({"learning_rate_init": 0}, "learning_rate_init.*0"),
        ({"max_iter": -1}, "max_iter.*-1"),
        ({"shuffle": "true"}, "shuffle.*'true'"),
        ({"momentum": 2, "solver": "sgd"}, "Nesterov.*momentum.*2"),
        ({"beta_1": 1}, "Adam.*beta_1.*1"),
        ({"epsilon": -0.5}, "Adam.*epsilon.*-0.5"),
        ({"n_iter_no_change": -2}, "n_iter_no_change"),
        ({"early_stopping": True, "validation_fraction": 1.5}, "validation_fraction=1.5"),
        ({"dtype": "float16"}, "dtype.*'float16'"),
        ({"dropout": 1.0}, "dropout.*1.0"),
        ({"network": {"residuel": 1}}, "'residuel'"),
        ({"categorical_features": "auto"}, "categorical_features.*'auto'"),
        ({"scale": "minmax"}, "scale.*standard.*robust.*'minmax'"),
        ({"callbacks": [1]}, "callbacks.*1"),
        ({"class_weight": "even"}, "class_weight.*'even'"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        MLPClassifier(**settings).fit(X_DIGITS, Y_DIGITS)


def test_before_the_fit():
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(MLPClassifier(), method)(X_DIGITS)
    for name in ("coefs_", "intercepts_", "history_"):
        with pytest.raises(NotFittedError):
            getattr(MLPClassifier(), name)
    for method in ("predict", "predict_interval", "predict_quantiles"):
        with pytest.raises(NotFittedError):
            getattr(MLPRegressor(), method)(X_VALUES)


def test_without_scikit_learn():
    from common import run_python

    done = run_python("-c", "import sys; sys.modules['sklearn'] = None; import cmlp; cmlp.MLPClassifier")
    assert re.search(r"ImportError: .*cmlp\[sklearn\]", done.stderr)
