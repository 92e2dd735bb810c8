"""A y of one class: rare folds and targets of several outputs have it; it is predicted with probability 1."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import cmlp

X = np.random.default_rng(0).normal(size=(40, 3))
FAR = 1e3 * X  # where the network itself is sure of either class


@pytest.mark.parametrize("loss", ["log_loss", "cross_entropy", "perceptron", "squared_error"])
@pytest.mark.parametrize("label", ["only", 3, True])
def test_a_network_of_one_class(loss, label, tmp_path):
    net = cmlp.Network([3, 4, 2 if loss == "cross_entropy" else 1], loss=loss, classes=[label])
    y = np.repeat(label, 40)
    assert_array_equal(net.predict(FAR), y)
    net.fit(X, y, epochs=3)
    cmlp.save(net, tmp_path / "network")
    for model in (net, cmlp.load(tmp_path / "network"), cmlp.Model.of(net), net.copy()):
        assert_array_equal(model.predict(FAR), y)
        assert model.score(X, y) == 1
        if loss in ("log_loss", "cross_entropy"):
            assert_array_equal(model.predict_proba(FAR), np.ones((40, 1)))
            assert_array_equal(model.predict_log_proba(FAR), np.zeros((40, 1)))
    with pytest.raises(ValueError, match=r"classes of the first fit.*'?other|got 7"):
        net.fit(X, np.repeat("other" if label == "only" else 7, 40))


def test_one_class_of_three_outputs_is_refused():
    with pytest.raises(ValueError, match=r"classes must hold 3 labels for a last layer of 3, got 1 classes \(a\)"):
        cmlp.Network([3, 3], classes=["a"])
    with pytest.raises(ValueError, match=r"classes must hold 3 labels for a last layer of 3, got 1 classes \(a\)"):
        cmlp.Model(cmlp.Network([3, 3]), classes=np.array(["a"]))


def test_a_network_that_is_not_told_so_is_not_of_one_class():
    with pytest.raises(ValueError, match=r"y has 1 classes \(a\)"):
        cmlp.Network([3, 1], loss="log_loss").fit(X, np.repeat("a", 40))


SETTINGS = [
    {},
    {"loss": "cross_entropy"},
    {"loss": "squared_error"},
    {"early_stopping": True},
    {"early_stopping": True, "scoring": "accuracy"},
    {"class_weight": "balanced"},
    {"class_weight": {"a": 2.0}},
    {"solver": "lbfgs"},
    {"scale": "standard", "training": {"ema_decay": 0.9}},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_classifier_of_one_class(settings, tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    y = np.repeat("a", 40)
    model = cmlp.MLPClassifier((4,), max_iter=5, random_state=0, **settings).fit(X, y)
    cmlp.save(model, tmp_path / "model")
    assert model.classes_.tolist() == ["a"]
    assert len(model.coefs_) == 2
    assert len(model.loss_curve_) == model.n_iter_
    saved = cmlp.load(tmp_path / "model")
    for each in (model, saved, pickle.loads(pickle.dumps(model)), model.to_model(), cmlp.load_model(tmp_path / "model")):
        assert_array_equal(each.predict(FAR), y)
        assert each.score(X, y) == 1
        if settings.get("loss") != "squared_error":
            assert_array_equal(each.predict_proba(FAR), np.ones((40, 1)))
            assert_array_equal(each.predict_log_proba(FAR), np.zeros((40, 1)))
    assert model.decision_function(X).shape == saved.decision_function(X).shape == (40,)
    assert model.set_params(warm_start=True).fit(X, y).score(X, y) == 1
    with pytest.raises(ValueError, match="same classes"):
        model.fit(X, np.resize(["a", "b"], 40))
    assert model.set_params(warm_start=False, class_weight=None).fit(X, np.resize(["a", "b"], 40)).classes_.tolist() == [
        "a",
        "b",
    ]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_in_the_tools_that_give_one_class():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import cross_val_predict, cross_val_score
    from sklearn.multioutput import MultiOutputClassifier

    y = (X[:, 0] > 0).astype(int)
    plain = cmlp.MLPClassifier((4,), max_iter=50, learning_rate_init=0.05, random_state=0)
    several = MultiOutputClassifier(plain).fit(X, np.c_[np.zeros(40, int), y])
    assert_array_equal(several.predict(FAR)[:, 0], np.zeros(40))
    assert [P.shape for P in several.predict_proba(X)] == [(40, 1), (40, 2)]
    assert (several.predict(X)[:, 1] == y).mean() > 0.9
    order = np.argsort(y)
    folds = [(order[:15], order[15:]), (order[15:], order[:15])]
    assert len(cross_val_score(plain, X, y, cv=folds, error_score="raise")) == 2
    assert_array_equal(cross_val_predict(plain, X, y, cv=folds)[order[15:]], 0)
    calibrated = CalibratedClassifierCV(plain, cv=[(order[:15], order), (order, order)]).fit(X, y)
    assert calibrated.score(X, y) > 0.9


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "log_loss"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_decision_function_of_two_classes_is_a_vector(loss):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    y = np.where(X[:, 0] > 0, "yes", "no")
    model = cmlp.MLPClassifier((4,), loss=loss, max_iter=100, learning_rate_init=0.05, random_state=0).fit(X, y)
    assert_array_equal(model.decision_function(X) > 0, model.predict(X) == "yes")
    if loss != "squared_error":
        P = model.predict_proba(X)
        np.testing.assert_allclose(model.decision_function(X), np.log(P[:, 1] / P[:, 0]), rtol=1e-4, atol=1e-5)
