"""What a refused or failed fit leaves behind, and other things that users have tripped over."""

import copy
import pickle

import numpy as np
import pytest
from common import run_python, slow
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

from sklearn.base import clone
from sklearn.metrics import log_loss, roc_auc_score

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    return X, np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])], 100 + 10 * X[:, 0]


# --- a refused call -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "refused",
    [
        lambda model, X, y: model.fit(X, y, validation_data=X),
        lambda model, X, y: model.fit(X, [None] * len(X)),
        lambda model, X, y: model.set_params(max_iter=0).fit(X, y),
        lambda model, X, y: model.set_params(solver="none").fit(X, y),
        lambda model, X, y: model.fit(X, y, sample_weight=np.zeros(len(X))),
        lambda model, X, y: model.fit(X[:, :2], y, validation_data=(X, y)),
        lambda model, X, y: model.set_params(network={"residual": 7}).fit(X, np.where(y == "a", "x", "y")),
    ],
)
def test_a_refused_fit_leaves_the_model_as_it_was(refused, data):
    X, y, _ = data
    model = MLPClassifier((20,), max_iter=20, random_state=0, scale="standard").fit(X, y)
    expected, attributes = model.predict_proba(X), set(vars(model))
    with pytest.raises((ValueError, TypeError)):
        refused(model, X, y)
    assert_array_equal(model.predict_proba(X), expected)
    assert set(vars(model)) == attributes
    assert model.classes_.tolist() == ["a", "b", "c"]


def test_a_refused_fit_leaves_a_regressor_as_it_was(data):
    X, _, y = data
    model = MLPRegressor((20,), max_iter=20, random_state=0, scale="standard").fit(X, y)
    expected = model.predict(X)
    with pytest.raises(ValueError, match=r"y\[\d+\].*nan"):
        model.fit(X, np.where(y > 100, np.nan, y))
    with pytest.raises(ValueError, match=r"learning_rate.*'none'"):
        model.set_params(learning_rate="none").fit(X, y)
    assert_array_equal(model.predict(X), expected)


def test_a_refused_first_partial_fit_is_forgotten(data):
    X, y, _ = data
    model = MLPClassifier((5,), random_state=0)
    with pytest.raises(ValueError, match=r"classes must be given.*'a'"):
        model.partial_fit(X[y == "a"], y[y == "a"])
    with pytest.raises(ValueError, match=r"classes.*'a', 'b'.*'c'"):
        model.partial_fit(X, y, classes=["a", "b"])
    assert model.partial_fit(X, y, classes=["a", "b", "c"]).partial_fit(X, y).n_iter_ == 2


def test_an_exception_in_a_callback_keeps_what_was_learned(data):
    class Fails(cmlp.callbacks.Callback):
        def on_epoch_end(self, training):
            if len(training.history) == 3:
                raise RuntimeError("in a callback")

    X, y, _ = data
    model = MLPClassifier((5,), random_state=0, callbacks=[Fails()])
    with pytest.raises(RuntimeError, match="in a callback"):
        model.fit(X, y)
    assert len(model.loss_curve_) == 3
    assert model.predict(X).shape == (200,)


# --- what is held out -----------------------------------------------------------------------------------------
def test_targets_are_scaled_by_the_training_part(data):
    X, _, y = data
    model = MLPRegressor((20,), scale="standard", max_iter=5, random_state=0).fit(X, y, validation_data=(X[:2], y[:2]))
    assert_allclose(model.target_mean_, y.mean())
    model = MLPRegressor((20,), scale="standard", max_iter=5, early_stopping=True, random_state=0).fit(X, y)
    assert abs(model.target_mean_ - y.mean()) > 1e-9


def test_weights_count_in_what_is_held_out():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    y, weight = (X[:, 0] > 0).astype(int), np.ones(2000)
    weight[1000:], y[1000:] = 0, 1 - y[1000:]
    model = MLPClassifier(early_stopping=True, random_state=0, max_iter=100).fit(X, y, sample_weight=weight)
    assert model.best_validation_score_ > 0.97
    assert model.score(X[:1000], y[:1000]) > 0.95


@pytest.mark.parametrize("scoring", ["roc_auc", *slow("neg_log_loss")])
def test_a_scorer_sees_inputs_once_prepared(scoring):
    rng = np.random.default_rng(0)
    X = 5 + 0.01 * rng.normal(size=(400, 3))
    y = (X[:, 0] > 5).astype(int)
    model = MLPClassifier((5,), scale="standard", early_stopping=True, scoring=scoring, solver=cmlp.Adam(0.01),
                          max_iter=200, random_state=0, validation_fraction=0.5)  # fmt: skip
    model.fit(X, y, validation_data=(X[:100], y[:100]))
    probabilities = model.predict_proba(X[:100])
    direct = roc_auc_score(y[:100], probabilities[:, 1]) if scoring == "roc_auc" else -log_loss(y[:100], probabilities)
    assert_allclose(model.best_validation_score_, direct, rtol=1e-5)
    assert len(model.validation_scores_) == model.n_iter_


@pytest.mark.slow
def test_adaptive_rates_end_with_the_best_epoch():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 5))
    y = (X[:, 0] + rng.normal(size=600) > 0).astype(int)
    model = MLPClassifier((20,), solver="sgd", learning_rate="adaptive", learning_rate_init=0.5, early_stopping=True,
                          max_iter=300, random_state=0)  # fmt: skip
    model.fit(X[:500], y[:500], validation_data=(X[500:], y[500:]))
    assert model.score(X[500:], y[500:]) == model.best_validation_score_


def test_the_running_mean_predicts(data):
    X, y, _ = data
    settings = {"max_iter": 10, "random_state": 0, "solver": cmlp.SGD(1.0)}
    plain = MLPClassifier((5,), **settings).fit(X, y)
    averaged = MLPClassifier((5,), training={"ema_decay": 0.99}, **settings).fit(X, y, validation_data=(X, y))
    assert (plain.predict_proba(X) != averaged.predict_proba(X)).any()
    assert averaged.score(X, y) == averaged.history_.val_score[-1]
    assert_array_equal(averaged.coefs_[0], averaged.network_.ema_network().layers[0].W)
    assert_array_equal(pickle.loads(pickle.dumps(averaged)).predict_proba(X), averaged.predict_proba(X))


# --- shapes and kinds -----------------------------------------------------------------------------------------
def test_a_column_of_targets(data):
    X, _, y = data
    assert MLPRegressor((5,), max_iter=2).fit(X, y[:, None]).predict(X).shape == (200,)
    assert MLPRegressor((5,), max_iter=2).fit(X, y, validation_data=(X, y[:, None])).predict(X).shape == (200,)


def test_sparse_labels(data):
    import scipy.sparse

    X, _, _ = data
    Y = (X > 0).astype(int)
    one = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, scipy.sparse.csr_array(Y))
    two = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, Y)
    assert_array_equal(one.predict(X), two.predict(X))
    assert MLPClassifier((5,)).partial_fit(X, Y, classes=[0, 1, 2]).predict(X).shape == (200, 3)


@pytest.mark.parametrize("loss", ["squared_error", "perceptron", cmlp.losses.Huber(0.5)])
def test_losses_without_probabilities(loss, data):
    X, y, _ = data
    model = MLPClassifier((5,), max_iter=2, loss=loss)
    assert not hasattr(model, "predict_proba")
    model.fit(X, y)
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "predict_log_proba")
    assert model.decision_function(X).shape == (200, 3)


def test_a_loss_for_each_class_gives_shares(data):
    X, y, _ = data
    model = MLPClassifier((5,), max_iter=2, loss="log_loss").fit(X, y)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


def test_frames_whose_columns_are_numbers():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame({1: rng.normal(size=100), 0: rng.integers(0, 4, 100)}), rng.integers(0, 2, 100)
    model = MLPClassifier((5,), categorical_features=[0], max_iter=2).fit(X, y)
    assert model.network_.sizes[0] == 1 + 4
    with pytest.raises(ValueError, match=r"categorical_features.*2.*1"):
        MLPClassifier(categorical_features=[True]).fit(X, y)


# --- callbacks ------------------------------------------------------------------------------------------------
def test_early_stopping_is_not_ended_before_it_has_begun(data, tmp_path):
    X, y, _ = data
    stopping = cmlp.callbacks.EarlyStopping("loss")
    one, two = cmlp.Network([3, 5, 3], seed=1), cmlp.Network([3, 5, 3], seed=2)
    one.fit(X, y, callbacks=[stopping])
    before = two.theta.copy()
    with pytest.raises(FileNotFoundError):
        two.fit(X, y, callbacks=[cmlp.callbacks.CSVLogger(tmp_path / "no" / "log.csv"), stopping])
    assert_array_equal(two.theta, before)


def test_callbacks_can_be_copied_after_a_fit(data, tmp_path):
    X, y, _ = data
    called = [cmlp.callbacks.CSVLogger(tmp_path / "log.csv"), cmlp.callbacks.EarlyStopping("loss")]
    model = MLPClassifier((5,), max_iter=3, callbacks=called).fit(X, y)
    pickle.dumps(model)
    clone(model)
    copy.deepcopy(model)


def test_early_stopping_restores_the_running_mean_too(data):
    X, y, _ = data
    net, stopping = cmlp.Network([3, 5, 3], dtype="float64"), cmlp.callbacks.EarlyStopping("val_loss", patience=2)
    net.fit(X, y, optimizer=cmlp.SGD(2.0), epochs=100, ema_decay=0.9, validation_data=(X, y), callbacks=[stopping])
    assert_allclose(net.ema_network().cost(X, y), stopping.best)


# --- targets --------------------------------------------------------------------------------------------------
MISSING_Y = {
    "None": [None, "a", "b", "a"] * 10,
    "nan": np.array([np.nan, "a", "b", "a"] * 10, dtype=object),
    "mask": np.ma.masked_array([0, 1, 0, 1] * 10, mask=[True] + [False] * 39),
    "integers and None": [1, None, 0, 1] * 10,
}


@pytest.mark.parametrize("scale", [None, "standard"])
@pytest.mark.parametrize("name", MISSING_Y)
def test_missing_labels(name, scale):
    X = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(ValueError, match=r"y\[[01]\] is .*missing label|y has 1 masked|Input contains NaN"):
        MLPClassifier(scale=scale).fit(X, MISSING_Y[name])


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("scale", [None, "standard"])
def test_nullable_labels(library, scale):
    frames = pytest.importorskip(library)
    X = np.random.default_rng(0).normal(size=(40, 2))
    whole = frames.Series([True, False] * 20) if library == "polars" else frames.Series([True, False] * 20, dtype="boolean")
    assert MLPClassifier(scale=scale, tol=1).fit(X, whole).classes_.tolist() == [False, True]
    lacking = frames.Series([True, None] * 20) if library == "polars" else frames.Series([True, None] * 20, dtype="boolean")
    with pytest.raises(ValueError, match=r"y\[1\] is .*missing label|Input y contains NaN"):
        MLPClassifier(scale=scale).fit(X, lacking)


@pytest.mark.parametrize("scale", [None, "standard"])
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.arange(40).astype("M8[D]"), TypeError, "y must hold real numbers, got dtype datetime64"),
        (np.arange(40).astype("m8[h]"), TypeError, "y must hold real numbers, got dtype timedelta64"),
        (np.arange(40) + 1j, TypeError, "y must hold real numbers, got dtype complex128|Complex"),
        ([None, *range(39)], ValueError, r"y\[0\] is nan"),
        (np.ma.masked_array(range(40), mask=[True] + [False] * 39), ValueError, "y has 1 masked"),
    ],
)
def test_targets_that_are_no_numbers(y, error, message, scale):
    X = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises((error, ValueError), match=message):
        MLPRegressor(scale=scale).fit(X, y)


def test_the_score_of_a_model_refuses_missing_targets():
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = MLPClassifier(tol=1).fit(X, ["a", "b"] * 20).to_model()
    with pytest.raises(ValueError, match=r"y\[1\] is None, a missing label"):
        model.score(X, np.array(["a", None] * 20, dtype=object))
    values = MLPRegressor(tol=1).fit(X, X[:, 0]).to_model()
    for y, message in ((np.r_[np.nan, X[1:, 0]], r"y\[0\] is nan"), ([None, *X[1:, 0]], r"y\[0\] is nan")):
        with pytest.raises(ValueError, match=message):
            values.score(X, y)
    with pytest.raises(TypeError, match="datetime64"):
        values.score(X, np.arange(40).astype("M8[D]"))


def test_a_held_out_part_without_a_class():
    X = np.random.default_rng(0).normal(size=(60, 2))
    model = MLPClassifier(early_stopping=True, scoring="neg_log_loss", random_state=0)
    with pytest.raises(ValueError, match=r"no sample is held out: give validation_data"):
        model.fit(X, ["a"] * 58 + ["b", "c"])


def test_ctrl_c_in_partial_fit():
    class CtrlC(cmlp.callbacks.Callback):
        def on_epoch_end(self, training):
            raise KeyboardInterrupt

    X = np.random.default_rng(0).normal(size=(40, 2))
    model = MLPRegressor(callbacks=[CtrlC()])
    with pytest.warns(UserWarning, match="interrupted"):
        model.partial_fit(X, X[:, 0])
    assert model.n_iter_ == 1


# --- versions -------------------------------------------------------------------------------------------------
def test_an_old_scikit_learn():
    code = """
import sklearn
sklearn.__version__ = "1.5.2"
import cmlp
try:
    cmlp.MLPClassifier
except ImportError as error:
    print(error)
"""
    assert "scikit-learn 1.6 or newer, got 1.5.2" in run_python("-c", code).stdout
