"""Trainings that end by Ctrl-C or an exception in a callback: with early stopping they keep the best epoch so far."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import cmlp

EPOCH = 40


class Raises(cmlp.callbacks.Callback):
    """An exception after an epoch."""

    def __init__(self, kind):
        self.kind = kind

    def on_epoch_end(self, training):
        if len(training.history) == EPOCH:
            raise self.kind("after an epoch")


@pytest.fixture
def data():
    """(X, y, X_val, y_val): noise, so that the validation score has its best epoch long before the last one."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 5)), rng.integers(0, 2, 300), rng.normal(size=(100, 5)), rng.integers(0, 2, 100)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("how", ["stopping", "callback", "callback, after the exception"])
@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_a_network_keeps_the_best_epoch(how, kind, ema_decay, data):
    X, y, *held_out = data
    net = cmlp.Network([5, 16, 1], loss="log_loss")
    callbacks, stopping = [Raises(kind)], cmlp.Stopping("val_score", patience=None)
    if how != "stopping":
        callbacks.insert(how == "callback, after the exception", cmlp.callbacks.EarlyStopping("val_score", patience=None))
        stopping = None
    with pytest.raises(kind, match="after an epoch"):
        net.fit(X, y, optimizer=cmlp.Adam(0.05), epochs=500, validation_data=held_out, stopping=stopping, callbacks=callbacks,
                ema_decay=ema_decay)  # fmt: skip
    scores = net.history.val_score
    best = max(scores[: EPOCH - 1] if how == "callback, after the exception" else scores)
    assert len(scores) == EPOCH
    assert scores[-1] < best
    assert (net if ema_decay is None else net.ema_network()).score(*held_out) == best
    assert scores[net.history.best_epoch - 1] == best


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
def test_lbfgs_keeps_the_best_iteration(kind, data):
    X, y, *held_out = data
    net = cmlp.Network([5, 16, 1], loss="log_loss", dtype="float64")
    stopping = cmlp.Stopping("val_loss", patience=None)
    with pytest.raises(kind):
        net.fit(X, y, optimizer=cmlp.LBFGS(), batch_size=None, epochs=500, validation_data=held_out, stopping=stopping,
                callbacks=[Raises(kind)])  # fmt: skip
    assert net.history.val_loss[-1] > min(net.history.val_loss)
    assert net.cost(*held_out) == pytest.approx(min(net.history.val_loss), rel=1e-12)


def test_without_restore_best_the_last_step_is_kept(data):
    X, y, *held_out = data
    net, same = (cmlp.Network([5, 16, 1], loss="log_loss") for _ in range(2))
    settings = {"optimizer": cmlp.Adam(0.05), "validation_data": held_out}
    stopping = cmlp.Stopping("val_score", patience=None, restore_best=False)
    with pytest.raises(RuntimeError, match="after an epoch"):
        net.fit(X, y, epochs=500, stopping=stopping, callbacks=[Raises(RuntimeError)], **settings)
    same.fit(X, y, epochs=EPOCH, **settings)
    assert_array_equal(net.theta, same.theta)


@pytest.mark.filterwarnings("ignore:overflow")
def test_what_diverges_keeps_the_best_epoch(data):
    X, y, *held_out = data

    def rate(step):
        return 0.01 if step < 20 else 1e6

    net = cmlp.Network([5, 1], loss="squared_error")
    with pytest.raises(cmlp.DivergenceError):
        net.fit(X, y, optimizer=cmlp.SGD(rate), epochs=500, validation_data=held_out, stopping=cmlp.Stopping(patience=None))
    assert net.cost(*held_out) == min(net.history.val_loss)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_a_classifier_keeps_the_best_epoch(scoring, kind, data):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.metrics import log_loss

    X, y, X_val, y_val = data
    model = cmlp.MLPClassifier(
        (16,), early_stopping=True, scoring=scoring, n_iter_no_change=1000, learning_rate_init=0.05, random_state=0,
        max_iter=500, callbacks=[Raises(kind)],
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y, validation_data=(X_val, y_val))
        except RuntimeError:
            assert kind is RuntimeError
    score = model.score(X_val, y_val) if scoring is None else -log_loss(y_val, model.predict_proba(X_val))
    assert score == pytest.approx(model.best_validation_score_, rel=1e-6)
    assert score == pytest.approx(max(model.validation_scores_), rel=1e-6)
    assert model.validation_scores_[-1] < score


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
def test_a_regressor_keeps_the_best_epoch(kind, data):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    X, y, X_val, y_val = data
    model = cmlp.MLPRegressor((16,), early_stopping=True, n_iter_no_change=1000, learning_rate_init=0.05, random_state=0,
                              max_iter=500, scale="standard", callbacks=[Raises(kind)])  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y, validation_data=(X_val, y_val))
        except RuntimeError:
            assert kind is RuntimeError
    assert model.score(X_val, y_val) == pytest.approx(model.best_validation_score_, rel=1e-6)
    assert model.validation_scores_[-1] < model.best_validation_score_


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_epochs_are_counted_to_the_exception(method, kind, data):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")

    class RaisesAtOnce(cmlp.callbacks.Callback):
        def on_epoch_end(self, training):
            raise kind

    X, y, *_ = data
    model = cmlp.MLPClassifier((4,), random_state=0).partial_fit(X, y).set_params(callbacks=[RaisesAtOnce()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            getattr(model, method)(X, y)
        except kind:
            assert (method, kind) != ("fit", KeyboardInterrupt)
    assert model.n_iter_ == len(model.loss_curve_) == (1 if method == "fit" else 2)
    assert model.t_ == 300 * model.n_iter_
