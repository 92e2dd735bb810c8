"""What scikit-learn's tests of its MLP ask for, rewritten for cmlp's estimators."""

# Of the 59 tests of scikit-learn 1.9's sklearn/neural_network/tests/test_mlp.py, 47 pass with the import changed. The others:
# - test_fit, test_gradient, test_learning_rate_warmstart, test_adaptive_learning_rate, test_n_iter_no_change and
#   test_n_iter_no_change_inf look at private attributes (_optimizer, _no_improvement_count, _loss_grad_lbfgs, weights that are
#   set before there is a network);
# - test_mlp_diverging_loss wants a loss that becomes nan in silence, test_nonfinite_params other words: cmlp raises
#   DivergenceError, or names the number that is too large;
# - test_mlp_param_dtypes wants parameters in the dtype of X: cmlp's are in the network's own, predictions in that of X;
# - test_predict_proba_multilabel compares the places of the largest probability and of the largest logarithm: where several
#   round to 1, the logarithms are still different here;
# - test_early_stopping_stratified wants an error for a class of one sample: cmlp splits without stratification then.

import warnings

import numpy as np
import pytest
import scipy.sparse
from common import slow
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

import joblib
from sklearn import neural_network
from sklearn.datasets import load_digits, make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
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


@pytest.mark.parametrize(("X", "y"), [(X_DIGITS, Y_DIGITS), (X_BINARY, Y_BINARY)], ids=["three classes", "two"])
@pytest.mark.parametrize("activation", ["logistic", *slow("identity", "tanh", "relu")])
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


@pytest.mark.parametrize("activation", ["logistic", *slow("identity", "tanh", "relu")])
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
            assert_allclose(model.predict_log_proba(X), np.log(probabilities), atol=1e-15)
        assert model.decision_function(X).shape == ((len(X),) if task == "two classes" else probabilities.shape)


def test_partial_fit_classes_error():
    model = MLPClassifier(solver="sgd").partial_fit(X_DIGITS, Y_DIGITS, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X_DIGITS, Y_DIGITS, classes=[1, 2])


@pytest.mark.parametrize("solver", ["adam", *slow("sgd")])
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
    with pytest.raises(ValueError, match=r"partial_fit.*early_stopping=True"):
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
    with pytest.raises(ValueError, match="validation"):
        MLPClassifier(early_stopping=True).fit([[1, 2], [3, 4], [5, 6], [7, 8]], [0, 0, 0, 1])
    model = MLPClassifier(solver="sgd", warm_start=True, early_stopping=True, max_iter=10, random_state=0)
    with pytest.warns(ConvergenceWarning, match="[Ii]terations"):
        model.fit(X_DIGITS, Y_DIGITS)


def test_verbose(capsys):
    """test_verbose_sgd"""
    MLPClassifier(solver="sgd", max_iter=2, verbose=10, hidden_layer_sizes=2).fit([[3, 2], [1, 6]], [1, 0])
    assert "Iteration 1, loss = " in capsys.readouterr().out


@pytest.mark.parametrize("n_iter_no_change", [1, 3])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_it_stops_in_the_same_epoch(n_iter_no_change, early_stopping):
    """Nothing is an improvement by a tolerance of 10."""
    settings = {"tol": 10.0, "n_iter_no_change": n_iter_no_change, "early_stopping": early_stopping, "random_state": 0}
    own, theirs = (kind(5, **settings).fit(X_BINARY, Y_BINARY) for kind in (MLPClassifier, neural_network.MLPClassifier))
    assert own.n_iter_ == theirs.n_iter_


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
    with pytest.warns(UserWarning, match="interrupted"):
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


@pytest.mark.slow
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


def test_alpha():
    """test_alpha: a larger alpha gives smaller weights, by each solver."""
    for solver in SOLVERS:
        sums = []
        for alpha in (0, 1.0, 100.0):
            model = MLPClassifier(10, solver=solver, alpha=alpha, random_state=1, max_iter=100).fit(X_BINARY, Y_BINARY)
            sums.append(sum(np.abs(W).sum() for W in model.coefs_))
        assert sums[0] > sums[1] > sums[2]


def test_fit_by_hand():
    """test_fit: one step of gradient descent on one sample, with scikit-learn's numbers."""
    X, y = np.array([[0.6, 0.8, 0.7]]), np.array([0])
    weights = [[[0.1, 0.2], [0.3, 0.1], [0.5, 0]], [[0.1], [0.2]]]
    model = MLPClassifier(
        2,
        "logistic",
        solver="sgd",
        learning_rate_init=0.1,
        alpha=0.1,
        momentum=0,
        dtype="float64",
        network={"init": weights, "bias_init": [[0.1, 0.1], [1.0]]},
    )
    model.partial_fit(X, y, classes=[0, 1])
    assert_allclose(model.coefs_[0], [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]], atol=1e-3)
    assert_allclose(model.coefs_[1], [[0.04706], [0.154089]], atol=1e-3)
    assert_allclose(model.intercepts_[0], [0.098333, 0.09626], atol=1e-3)
    assert_allclose(model.intercepts_[1], [0.9235], atol=1e-3)
    h = 1 / (1 + np.exp(-(X @ model.coefs_[0] + model.intercepts_[0])))
    assert_allclose(model.predict_proba(X)[0, 1], 1 / (1 + np.exp(-(h @ model.coefs_[1] + model.intercepts_[1])))[0, 0])


def test_tolerance():
    X, y = [[3, 2], [1, 6]], [1, 0]
    model = MLPClassifier(tol=0.5, max_iter=3000, solver="sgd", random_state=0).fit(X, y)
    assert model.n_iter_ < 3000


def test_a_loss_that_is_not_finite():
    """test_nonfinite_params, test_mlp_diverging_loss: an error that says what to do, and the last finite network."""
    rng = np.random.RandomState(0)
    model = MLPRegressor(solver="sgd", learning_rate_init=1e300, dtype="float64", random_state=0)
    with pytest.raises(cmlp.DivergenceError, match=r"epoch 1.*1e\+300"):
        model.fit(1e80 * rng.normal(size=(50, 2)), 1e200 * rng.normal(size=50))
    assert np.isfinite(model.network_.theta).all()


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_warm_start_with_early_stopping(kind):
    X, y = (X_DIGITS, Y_DIGITS) if kind is MLPClassifier else (X_VALUES, Y_VALUES)
    model = kind(max_iter=10, random_state=0, warm_start=True, early_stopping=True).fit(X, y)
    assert len(model.validation_scores_) == model.n_iter_ == 10
    model.set_params(max_iter=20).fit(X, y)
    assert len(model.validation_scores_) == 10 + model.n_iter_


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_partial_fit_after_fit(kind):
    X, y = (X_DIGITS, Y_DIGITS) if kind is MLPClassifier else (X_VALUES, Y_VALUES)
    model = kind(early_stopping=True, random_state=0, max_iter=5).fit(X, y)
    with pytest.raises(ValueError, match=r"partial_fit.*early_stopping=True"):
        model.partial_fit(X, y)
    model.set_params(early_stopping=False).partial_fit(X, y)
    assert model.n_iter_ == 6


def test_sample_weights_with_early_stopping():
    weight = np.where(Y_DIGITS == 0, 1e-6, 1.0)
    model = MLPClassifier(early_stopping=True, random_state=0, max_iter=100, learning_rate_init=0.01)
    assert (model.fit(X_DIGITS, Y_DIGITS, weight).predict(X_DIGITS) != 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", ["float32", "float64", "int64", "uint8"])
def test_dtypes(given, dtype):
    """test_mlp_param_dtypes: parameters are in the network's own dtype, predictions in the float dtype of X."""
    X = (10 * X_DIGITS).astype(given)
    answers = "float32" if given == "float32" else "float64"
    model = MLPClassifier(dtype=dtype, max_iter=3, random_state=0).fit(X, Y_DIGITS)
    assert all(array.dtype == dtype for array in [*model.coefs_, *model.intercepts_])
    sparse = scipy.sparse.csr_array(X)
    for ask in (model.predict_proba, model.predict_log_proba, model.decision_function):
        assert ask(X).dtype == ask(sparse).dtype == answers
        assert ask(X.tolist()).dtype == "float64"
    assert model.predict(X).dtype == Y_DIGITS.dtype
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-6 if answers == "float32" else 1e-15)
    model = MLPRegressor(dtype=dtype, max_iter=3).fit(X, Y_DIGITS)
    assert model.predict(X).dtype == model.predict(sparse).dtype == answers


@pytest.mark.parametrize("scale", [None, "standard"])
def test_dtypes_of_values(scale):
    """Of every kind of answer, also where the target was scaled; a frame answers as its columns, or in float64."""
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    X, y = X_VALUES.astype("float32"), 5 + Y_VALUES
    quantiles = MLPRegressor((4,), loss=cmlp.losses.Quantile((0.1, 0.9)), scale=scale, max_iter=2, random_state=0).fit(X, y)
    normal = MLPRegressor((4,), loss="gaussian", scale=scale, max_iter=2, random_state=0).fit(X, y)
    for given in ("float32", "float64"):
        asked = X.astype(given)
        answers = [quantiles.predict(asked), quantiles.predict_quantiles(asked), quantiles.predict_interval(asked),
                   normal.predict(asked), *normal.predict(asked, return_std=True), normal.predict_interval(asked)]  # fmt: skip
        assert [answer.dtype for answer in answers] == [given] * 7
    frame = pd.DataFrame(X)
    assert normal.fit(frame, y).predict(frame).dtype == ("float32" if scale is None else "float64")


def test_loading_and_going_on(tmp_path):
    """test_mlp_loading_from_joblib_partial_fit"""
    model = MLPRegressor(max_iter=2, random_state=42).partial_fit([[2.0]], [4])
    joblib.dump(model, tmp_path / "model")
    loaded = joblib.load(tmp_path / "model")
    model.partial_fit([[1.0]], [3])
    loaded.partial_fit([[1.0]], [3])
    assert_array_equal(loaded.predict([[2.0]]), model.predict([[2.0]]))


def test_large_tables_are_predicted_in_blocks():
    model = MLPClassifier((4,), max_iter=2, random_state=0).fit(X_DIGITS[:, :4], Y_DIGITS)
    X = np.random.default_rng(0).random((150_000, 4), dtype="float32")
    predicted = model.predict(X)
    assert predicted.shape == (150_000,)
    assert_array_equal(predicted[70_000:70_010], model.predict(X[70_000:70_010]))
