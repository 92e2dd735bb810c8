"""MLPClassifier and MLPRegressor: what scikit-learn's tests of its MLP ask for, and what cmlp adds."""

import pickle
import threading
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

import joblib
from sklearn import neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
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


# --- as scikit-learn's ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("X", "y"), [(X_DIGITS, Y_DIGITS), (X_BINARY, Y_BINARY)], ids=["three classes", "two"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_lbfgs_classification(X, y, activation):
    """test_lbfgs_classification"""
    n_train = 150 if len(X) == 200 else 100
    model = MLPClassifier(
        hidden_layer_sizes=50, solver="lbfgs", max_iter=150, shuffle=True, random_state=1, activation=activation
    )
    model.fit(X[:n_train], y[:n_train])
    assert model.score(X[:n_train], y[:n_train]) > 0.95
    predicted = model.predict(X[n_train:])
    assert predicted.shape == (len(X) - n_train,)
    assert predicted.dtype.kind == "i"


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_lbfgs_regression(activation):
    model = MLPRegressor(hidden_layer_sizes=50, solver="lbfgs", max_iter=150, random_state=1, activation=activation)
    model.fit(X_VALUES, Y_VALUES)
    assert model.score(X_VALUES, Y_VALUES) > (0.84 if activation == "identity" else 0.98)


@pytest.mark.parametrize("solver", SOLVERS)
def test_max_fun_and_max_iter(solver):
    model = MLPClassifier(solver=solver, max_iter=3, random_state=0).fit(X_DIGITS, Y_DIGITS)
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 3
    assert model.t_ == 600


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_learning_rate_warmstart(solver):
    """test_learning_rate_warmstart, test_warm_start, test_warm_start_full_iteration"""
    model = MLPClassifier(4, solver=solver, max_iter=3, warm_start=True, random_state=1)
    model.fit(X_DIGITS, Y_DIGITS)
    first = model.coefs_[0].copy()
    assert model.n_iter_ == 3
    model.fit(X_DIGITS, Y_DIGITS)
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 6
    assert model.loss_curve_[3] < model.loss_curve_[0]
    assert (model.coefs_[0] != first).any()
    with pytest.raises(ValueError, match="labels that are not in classes_"):
        model.fit(X_DIGITS, Y_DIGITS + 7)


def test_invscaling():
    model = MLPClassifier(
        4, solver="sgd", learning_rate="invscaling", learning_rate_init=0.5, power_t=0.25, max_iter=3, random_state=1
    )
    model.fit(X_DIGITS, Y_DIGITS)
    assert_allclose(model.history_.learning_rate, [0.5, 0.5 / 201**0.25, 0.5 / 401**0.25])


def test_adaptive_learning_rate():
    """test_adaptive_learning_rate: the rate is divided by five until it is at most 1e-6."""
    X, y = [[3, 2], [1, 6], [5, 6], [-2, -4]], [1, 1, 1, 0]
    model = MLPClassifier(3, tol=0.5, max_iter=3000, solver="sgd", learning_rate="adaptive", random_state=0)
    model.fit(X, y)
    rates = np.unique(model.history_.learning_rate)[::-1]
    assert_allclose(rates, 1e-3 / 5 ** np.arange(6))
    assert model.n_iter_ < 3000


@pytest.mark.parametrize("task", ["two classes", "classes", "labels", "values", "several values"])
def test_shapes_and_output_functions(task):
    """test_multilabel_classification, test_multioutput_regression, test_predict_proba_multiclass, ..."""
    X, y = {
        "two classes": (X_BINARY, Y_BINARY),
        "classes": (X_DIGITS, Y_DIGITS),
        "labels": make_multilabel_classification(n_samples=60, n_labels=2, random_state=0),
        "values": (X_VALUES, Y_VALUES),
        "several values": make_regression(n_samples=100, n_targets=5, random_state=0),
    }[task]
    kind = MLPRegressor if "values" in task else MLPClassifier
    model = kind((20,), solver="lbfgs", max_iter=300, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.predict(X).shape == y.shape
    assert model.n_layers_ == 3
    assert model.n_features_in_ == X.shape[1]
    assert model.n_outputs_ == {"two classes": 1, "classes": 3, "labels": 5, "values": 1, "several values": 5}[task]
    expected = {"two classes": "logistic", "classes": "softmax", "labels": "logistic"}.get(task, "identity")
    assert model.out_activation_ == expected
    assert [W.shape for W in model.coefs_] == [(X.shape[1], 20), (20, model.n_outputs_)]
    assert [b.shape for b in model.intercepts_] == [(20,), (model.n_outputs_,)]
    if kind is MLPClassifier:
        probabilities = model.predict_proba(X)
        assert probabilities.shape == {"two classes": (len(X), 2), "classes": (len(X), 3), "labels": y.shape}[task]
        if task != "labels":
            assert_allclose(probabilities.sum(axis=1), 1)
            assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))
        with np.errstate(divide="ignore"):
            assert_allclose(model.predict_log_proba(X), np.log(probabilities))
        assert model.decision_function(X).shape == ((len(X),) if task == "two classes" else probabilities.shape)


def test_partial_fit_classes_error():
    model = MLPClassifier(solver="sgd").partial_fit(X_DIGITS, Y_DIGITS, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X_DIGITS, Y_DIGITS, classes=[1, 2])


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_partial_fit_is_one_epoch(kind, solver):
    """test_partial_fit_classification, test_partial_fit_regression: as many calls as epochs, the same result."""
    X, y = (X_DIGITS, Y_DIGITS) if kind is MLPClassifier else (X_VALUES, Y_VALUES)
    settings = {"solver": solver, "random_state": 1, "batch_size": 50, "tol": 0}
    whole = kind(max_iter=20, **settings).fit(X, y)
    parts = kind(**settings)
    for _ in range(20):
        parts.partial_fit(X, y, **({"classes": np.unique(y)} if kind is MLPClassifier else {}))
    assert_array_equal(parts.predict(X), whole.predict(X))
    assert parts.n_iter_ == 20
    assert_allclose(parts.loss_curve_, whole.loss_curve_)


def test_partial_fit_sees_classes_one_at_a_time():
    model = MLPClassifier((30,), random_state=0, learning_rate_init=0.01)
    model.partial_fit(X_DIGITS[Y_DIGITS == 0], Y_DIGITS[Y_DIGITS == 0], classes=[0, 1, 2])
    for _ in range(60):
        model.partial_fit(X_DIGITS, Y_DIGITS)
    assert model.score(X_DIGITS, Y_DIGITS) > 0.95


def test_partial_fit_refuses_early_stopping():
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPClassifier(early_stopping=True).partial_fit(X_DIGITS, Y_DIGITS)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_early_stopping(kind):
    """test_early_stopping, test_early_stopping_stratified"""
    X, y = (X_BINARY, Y_BINARY) if kind is MLPClassifier else (X_VALUES, Y_VALUES)
    model = kind(tol=0.2, max_iter=3000, solver="sgd", early_stopping=True, random_state=0).fit(X, y)
    assert model.n_iter_ < 3000
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    without = kind(max_iter=10, random_state=0).fit(X, y)
    assert without.validation_scores_ is None
    assert without.best_validation_score_ is None
    assert without.best_loss_ == min(without.loss_curve_)


def test_early_stopping_of_few_samples():
    """test_early_stopping_stratified, test_mlp_warm_start_no_convergence"""
    with pytest.raises(ValueError, match="validation set is too small"):
        MLPClassifier(early_stopping=True).fit([[1, 2], [3, 4], [5, 6], [7, 8]], [0, 0, 0, 1])
    model = MLPClassifier(solver="sgd", warm_start=True, early_stopping=True, max_iter=10, random_state=0)
    with pytest.warns(ConvergenceWarning, match="hasn't converged yet"):
        model.fit(X_DIGITS, Y_DIGITS)


def test_verbose(capsys):
    """test_verbose_sgd"""
    MLPClassifier(solver="sgd", max_iter=2, verbose=10, hidden_layer_sizes=2).fit([[3, 2], [1, 6]], [1, 0])
    assert "Iteration 1, loss = " in capsys.readouterr().out


def test_n_iter_no_change():
    """test_n_iter_no_change, test_n_iter_no_change_inf"""
    for patience in (2, 5, 10):
        model = MLPClassifier(tol=0.01, max_iter=3000, solver="sgd", n_iter_no_change=patience, random_state=0)
        model.fit(X_BINARY, Y_BINARY)
        assert patience < model.n_iter_ < 3000
    model = MLPClassifier(tol=1e9, max_iter=60, solver="sgd", n_iter_no_change=np.inf).fit(X_BINARY, Y_BINARY)
    assert model.n_iter_ == 60


def test_the_seed_and_the_order():
    """test_shuffle, test_params_errors"""
    X, y = make_regression(n_samples=50, n_features=5, random_state=0)
    one, two = (MLPRegressor(1, max_iter=3, batch_size=1, random_state=0).fit(X, y) for _ in range(2))
    other = MLPRegressor(1, max_iter=3, batch_size=1, random_state=0, shuffle=False).fit(X, y)
    assert_array_equal(one.coefs_[0], two.coefs_[0])
    assert (one.coefs_[0] != other.coefs_[0]).any()
    assert (MLPRegressor(1, max_iter=1, random_state=1).fit(X, y).coefs_[0] != one.coefs_[0]).any()


def test_interrupted(monkeypatch):
    """Ctrl-C ends a fit with a warning, as in scikit-learn."""

    class Interrupts(cmlp.callbacks.Callback):
        def on_epoch_end(self, training):
            if len(training.history) == 2:
                raise KeyboardInterrupt

    model = MLPClassifier(callbacks=[Interrupts()], random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X_DIGITS, Y_DIGITS)
    assert model.n_iter_ == 2
    assert model.predict(X_DIGITS).shape == (200,)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_names_are_those_of_scikit_learn(kind):
    theirs, own = getattr(neural_network, kind)(), getattr(cmlp, kind)()
    missing = set(theirs.get_params()) - set(own.get_params())
    assert not missing
    different = {k: v for k, v in theirs.get_params().items() if k != "loss" and own.get_params()[k] != v}
    assert different == {}
    X, y = (X_DIGITS, Y_DIGITS) if kind == "MLPClassifier" else (X_VALUES, Y_VALUES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.set_params(max_iter=3, early_stopping=True).fit(X, y)
        own.set_params(max_iter=3, early_stopping=True).fit(X, y)
    public = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert {name for name in public if not hasattr(own, name)} == set()


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_same_kind_of_result(solver):
    """Final losses and scores over seeds lie where scikit-learn's do."""
    X, y = make_classification(300, 10, n_informative=6, n_classes=3, random_state=0)
    X = StandardScaler().fit_transform(X)
    settings = {"solver": solver, "max_iter": 60, "learning_rate_init": 0.01, "alpha": 0.1, "hidden_layer_sizes": (30,)}
    losses = []
    for kind in (neural_network.MLPClassifier, MLPClassifier):
        losses.append([kind(**settings, random_state=seed).fit(X, y).loss_ for seed in range(5)])
    theirs, own = np.array(losses)
    assert abs(own.mean() - theirs.mean()) < 3 * max(theirs.std(), own.std(), 0.01 * theirs.mean())


# --- what cmlp adds -------------------------------------------------------------------------------------------
def test_everything_at_once():
    model = MLPClassifier(
        (32, 32),
        [("leaky_relu", 0.1), "prelu"],
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
        training={"average": 0.9, "clip": cmlp.Clip(norm=1.0)},
    ).fit(X_DIGITS, Y_DIGITS)
    assert model.score(X_DIGITS, Y_DIGITS) > 0.95
    assert "batch norm, prelu, dropout 0.2, + layer 0" in model.network_.summary()
    assert len(model.callbacks[0].rates) == 30
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
    assert model.history_.stopped == "no progress"
    assert model.history_.best_epoch <= model.n_iter_


@pytest.mark.parametrize("weights", ["balanced", {"rare": 10.0}])
def test_class_weights(weights):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = np.where(X[:, 0] + 0.8 * rng.normal(size=600) > 1.8, "rare", "usual")
    plain = MLPClassifier((10,), max_iter=100, random_state=0).fit(X, y)
    weighted = clone(plain).set_params(class_weight=weights).fit(X, y)
    assert (weighted.predict(X) == "rare").sum() > 1.5 * (plain.predict(X) == "rare").sum()
    with pytest.raises(ValueError, match="class_weight names 'odd'"):
        clone(plain).set_params(class_weight={"odd": 1}).fit(X, y)


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
    with pytest.raises(ValueError, match=r"give no interval of coverage 0\.5"):
        model.predict_interval(X, 0.5)
    with pytest.raises(ValueError, match="standard deviations are learned with loss='gaussian'"):
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
    with pytest.raises(ValueError, match="quantiles are learned with"):
        model.predict_quantiles(X)


def test_losses_of_the_wrong_kind():
    with pytest.raises(ValueError, match="loss 'poisson' is for values: use MLPRegressor"):
        MLPClassifier(loss="poisson").fit(X_DIGITS, Y_DIGITS)
    with pytest.raises(ValueError, match="loss 'log_loss' is for classes: use MLPClassifier"):
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

    one = MLPRegressor((10,), loss=squared, random_state=0, max_iter=5).fit(X_VALUES, Y_VALUES)
    two = MLPRegressor((10,), random_state=0, max_iter=5).fit(X_VALUES, Y_VALUES)
    assert_allclose(one.predict(X_VALUES), two.predict(X_VALUES), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["csr_array", "csc_array", "csr_matrix"])
def test_sparse_inputs(kind):
    import scipy.sparse

    X = getattr(scipy.sparse, kind)(np.where(X_DIGITS > 0.3, X_DIGITS, 0))
    settings = {"max_iter": 20, "random_state": 0, "early_stopping": True, "dtype": "float64"}
    sparse, dense = MLPClassifier(**settings).fit(X, Y_DIGITS), MLPClassifier(**settings).fit(X.toarray(), Y_DIGITS)
    assert_allclose(sparse.predict_proba(X), dense.predict_proba(X.toarray()), rtol=1e-9)
    assert_allclose(sparse.validation_scores_, dense.validation_scores_)
    parts = MLPClassifier(**settings | {"early_stopping": False})
    assert parts.partial_fit(X, Y_DIGITS).partial_fit(X, Y_DIGITS).n_iter_ == 2
    with pytest.raises(TypeError, match="need a dense X: scale a sparse one with MaxAbsScaler"):
        MLPClassifier(scale="standard").fit(X, Y_DIGITS)


# --- inside scikit-learn --------------------------------------------------------------------------------------
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
    with pytest.raises(ValueError, match=r"this pickle of a \w+ was written by cmlp 7\.0\.1, this is"):
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
    barrier = threading.Barrier(2, timeout=60)

    class Meets(cmlp.callbacks.Callback):
        def on_fit_begin(self, training):
            barrier.wait()
            barrier.wait()

    model = MLPClassifier(max_iter=2, callbacks=[Meets()], random_state=0)
    thread = threading.Thread(target=lambda: model.fit(X_DIGITS, Y_DIGITS))
    thread.start()
    barrier.wait()
    try:
        with pytest.raises(RuntimeError, match="being fitted by another thread; fit a copy"):
            model.fit(X_DIGITS, Y_DIGITS)
        with pytest.raises(RuntimeError, match="being fitted by another thread"):
            model.partial_fit(X_DIGITS, Y_DIGITS)
    finally:
        barrier.wait()
        thread.join()
    assert model.predict(X_DIGITS).shape == (200,)


# --- errors ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_layer_sizes": -1}, "hidden_layer_sizes must be a whole number, at least 1; got -1"),
        ({"hidden_layer_sizes": (4, 0)}, "hidden_layer_sizes must be"),
        ({"activation": "rellu"}, "activation 'rellu' is not known.*did you mean 'relu'"),
        ({"solver": "hadoken"}, "solver 'hadoken' is not known"),
        ({"alpha": -1}, "alpha must be a finite number, at least 0"),
        ({"batch_size": -1}, "batch_size must be a whole number"),
        ({"learning_rate": "converge"}, "learning_rate 'converge' is not known; there are constant, invscaling, adaptive"),
        ({"learning_rate_init": 0}, "learning_rate_init must be above 0"),
        ({"max_iter": -1}, "max_iter must be a whole number"),
        ({"shuffle": "true"}, "shuffle must be True or False"),
        ({"momentum": 2, "solver": "sgd"}, "Nesterov: momentum must be below 1"),
        ({"beta_1": 1}, "Adam: beta_1 must be below 1"),
        ({"epsilon": -0.5}, "Adam: epsilon"),
        ({"n_iter_no_change": -2}, "n_iter_no_change"),
        ({"early_stopping": True, "validation_fraction": 1.5}, "validation_fraction=1.5 leaves no two parts"),
        ({"dtype": "float16"}, "dtype must be 'float32' or 'float64'"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"network": {"residuel": 1}}, "unexpected keyword argument 'residuel'"),
        ({"categorical_features": "auto"}, "categorical_features must be 'from_dtype' or a list of columns"),
        ({"scale": "robust"}, "scale 'robust' is not known; there are standard, quantile"),
        ({"callbacks": [1]}, "callbacks must be objects"),
        ({"class_weight": "even"}, "class_weight must be 'balanced'"),
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
    assert "ImportError: cmlp's estimators need scikit-learn: pip install cmlp[sklearn]" in done.stderr
