"""Inspection of estimators and models: as of the network on what their preprocessing makes of X and y."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import inspection

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(100, 20, 60), RNG.uniform(0, 0.01, 60), RNG.integers(0, 3, 60)])
LABELS = np.where(X[:, 0] + 2000 * X[:, 1] > 110, "yes", "no")
VALUES = 1000 + 10 * X[:, 0]
SETTINGS = {"max_iter": 5, "scale": "standard", "categorical_features": [2], "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def classifier():
    return cmlp.MLPClassifier((4, 3), "tanh", **SETTINGS).fit(X, LABELS)


def regressor():
    return cmlp.MLPRegressor((4, 3), "tanh", **SETTINGS).fit(X, VALUES)


def of_classes():
    """A model whose labels are other than those of its network."""
    known = classifier()
    net = cmlp.Network(known.network_.sizes, "tanh", "log_loss", dtype="float64")
    return cmlp.Model(net, known.columns_, classes=np.array(["no", "yes"]))


CASES = {
    "classifier": (classifier, LABELS, lambda y: y),
    "regressor": (regressor, VALUES, lambda y: ((y - y.mean()) / y.std())[:, None]),
    "model of a classifier": (lambda: cmlp.Model.of(classifier()), LABELS, lambda y: y),
    "model of a regressor": (lambda: cmlp.Model.of(regressor()), VALUES, lambda y: ((y - y.mean()) / y.std())[:, None]),
    "model with labels of its own": (of_classes, LABELS, lambda y: (y == "yes").astype(int)),
}


@pytest.fixture(params=CASES)
def case(request):
    """(the estimator or the model, y, its network, X and y as the network takes them)."""
    make, y, encoded = CASES[request.param]
    subject = make()
    model = cmlp.Model.of(subject)
    return subject, y, model.network, model.columns.transform(X, model.network.dtype), encoded(y)


def test_activations(case):
    subject, _, net, inputs, _ = case
    assert inputs.shape[1] == 5
    for layer in (0, 1, -1):
        assert_array_equal(inspection.activations(subject, X, layer), inspection.activations(net, inputs, layer))


def test_input_gradient(case):
    subject, _, net, inputs, _ = case
    found = inspection.input_gradient(subject, X)
    assert found.shape == inputs.shape
    assert_array_equal(found, inspection.input_gradient(net, inputs))


def test_check_gradients(case):
    subject, y, net, inputs, known = case
    found = inspection.check_gradients(subject, X[:8], y[:8])
    assert found.ok
    if known.ndim == 1:
        assert found == inspection.check_gradients(net, inputs[:8], known[:8])
    else:
        weights = [block.analytic for block in inspection.check_gradients(net, inputs[:8], known[:8]).blocks]
        assert_allclose([block.analytic for block in found.blocks], weights, rtol=1e-9)


def test_diagnose_and_learning_rate_range(case):
    subject, y, net, inputs, known = case
    assert str(inspection.diagnose(subject, X, y)) == str(inspection.diagnose(net, inputs, known))
    found, expected = (inspection.learning_rate_range(*each, steps=20) for each in ((subject, X, y), (net, inputs, known)))
    assert_allclose(found.loss, expected.loss, rtol=1e-6)


def test_grid(case):
    subject, _, net, _, _ = case
    assert_array_equal(inspection.grid(subject, 8).layers[0].forward, inspection.grid(net, 8).layers[0].forward)


def test_displays(case):
    plt = pytest.importorskip("matplotlib.pyplot", reason="cmlp[plot] is not installed")
    subject, y, net, inputs, known = case
    assert inspection.plot_network(subject).sizes == net.sizes
    assert_array_equal(inspection.plot_weights(subject, 1).W, net.layers[1].W)
    for found, expected in (
        (inspection.plot_activations(subject, X), inspection.plot_activations(net, inputs)),
        (inspection.plot_gradients(subject, X, y), inspection.plot_gradients(net, inputs, known)),
    ):
        assert_allclose(found.quantiles, expected.quantiles, rtol=1e-6)
    found, expected = inspection.plot_step(subject, X[:1], y[:1]), inspection.plot_step(net, inputs[:1], known[:1])
    assert_allclose(found.loss, expected.loss, rtol=1e-6)
    assert_array_equal(found.columns[0][1], expected.columns[0][1])
    plt.close("all")


def test_a_frame_is_prepared_by_the_names_of_its_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "color": np.array(["red", "green", "blue"])[X[:, 2].astype(int)]})
    model = cmlp.MLPClassifier((4,), max_iter=2, scale="standard", categorical_features="from_dtype", random_state=0)
    model.fit(frame, LABELS)
    A = inspection.activations(model, frame, 0)
    assert A.shape == (60, 4)
    assert_array_equal(inspection.activations(model.to_model(), frame, 0), A)
    assert inspection.check_gradients(model, frame.iloc[:6], LABELS[:6]).ok
    assert inspection.diagnose(model, frame, LABELS).layers[0].activation == "relu"


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"network, model or fitted estimator of cmlp, or a pipeline.*got int"):
        inspection.activations(3, X, 0)
    for look in (lambda model: inspection.activations(model, X, 0), lambda model: inspection.diagnose(model, X, LABELS)):
        with pytest.raises(ValueError, match="not fitted"):
            look(cmlp.MLPClassifier())
    with pytest.raises(ValueError, match="maybe"):
        inspection.check_gradients(of_classes(), X[:3], ["yes", "no", "maybe"])


def test_plot_history_of_what_has_been_trained():
    plt = pytest.importorskip("matplotlib.pyplot", reason="cmlp[plot] is not installed")
    model = classifier()
    expected = inspection.plot_history(model.history_).runs
    for given in (model, model.network_, cmlp.Model.of(model)):
        assert inspection.plot_history(given).runs == expected
    assert list(inspection.plot_history({"a": model, "b": model.history_}).runs) == ["a", "b"]
    for given in (cmlp.Network([2, 2]), cmlp.MLPClassifier(), 3):
        with pytest.raises(TypeError, match="history must be a History, or what has been trained, got"):
            inspection.plot_history(given)
    plt.close("all")


def test_displays_print_one_line():
    plt = pytest.importorskip("matplotlib.pyplot", reason="cmlp[plot] is not installed")
    net = cmlp.Network([2, 3, 2], "tanh")
    points, labels = X[:, :2] / [100, 0.01], (LABELS == "yes").astype(int)
    recorder = inspection.Recorder(points, labels)
    net.fit(points, labels, epochs=3, callbacks=[recorder])
    curve = inspection.learning_rate_range(net, points, labels, steps=5)
    shown = {
        "<NetworkDisplay: 2-3-2>": inspection.plot_network(net),
        "<HistoryDisplay: 3 epochs>": inspection.plot_history(net),
        "<HistoryDisplay: a: 3 epochs, b: 3 epochs>": inspection.plot_history({"a": net, "b": net}),
        "<DecisionBoundaryDisplay: probability at 9 x 9 points, 60 samples>": inspection.plot_decision_boundary(
            net, points, labels, n_grid=9
        ),
        "<WeightsDisplay: W0 of 2 inputs and 3 units>": inspection.plot_weights(net),
        "<WeightsDisplay: W0 of 2 inputs and 3 units, images of 1 x 2>": inspection.plot_weights(net, shape=(1, 2)),
        "<DistributionDisplay: activation A, 2 layers, 1 epoch>": inspection.plot_activations(net, points),
        "<DistributionDisplay: gradient dZ, 2 layers, 3 epochs>": inspection.plot_gradients(recorder),
        "<ConfusionDisplay: 2 classes, 60 samples>": inspection.plot_confusion(net, points, labels),
        f"<RangeTestDisplay: 5 steps, suggestion {curve.suggestion:.3g}>": inspection.plot_range_test(curve),
        f"<RateCurve: 5 steps, suggestion {curve.suggestion:.3g}>": curve,
    }
    assert {text: repr(each) for text, each in shown.items()} == {text: text for text in shown}
    assert repr(inspection.plot_step(net, points[:1], labels[:1])).startswith("<StepDisplay: X Z0 A0 Z1 A1, cross_entropy ")
    assert repr(inspection.grid(net, 8)).startswith("<Grid: all layers at once, [<LayerGrid: tiles: 1 forward, 0 backward, ")
    plt.close("all")
