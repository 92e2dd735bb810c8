"""Pictures hold and draw the numbers that they say."""

import re

import numpy as np
import pytest
from common import slow
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import inspection

plt = pytest.importorskip("matplotlib.pyplot", reason="cmlp[plot] is not installed")


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


@pytest.fixture
def digits():
    return cmlp.datasets.load_digits()


@pytest.fixture
def net(digits):
    net = cmlp.Network([64, 16, 10], "tanh", input_scale=1 / 16)
    X, y = digits
    net.fit(X, y, epochs=3, validation_data=(X[:200], y[:200]))
    return net


def labelled(ax):
    return bool(ax.get_xlabel() or ax.get_ylabel())


# --- history ----------------------------------------------------------------------------------------------------------
def test_history(net):
    display = inspection.plot_history(net.history)
    loss, score = display.axes_
    assert_array_equal(loss.lines[0].get_ydata(), net.history.loss)
    assert_array_equal(loss.lines[1].get_ydata(), net.history.val_loss)
    assert_array_equal(score.lines[0].get_ydata(), net.history.val_score)
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert loss.lines[0].get_linestyle() != loss.lines[1].get_linestyle()
    assert score.get_xlabel() == "epoch"
    assert loss.get_ylabel() == "loss"


def test_the_names_of_many_runs_cover_no_curve(digits):
    runs = {str(k): cmlp.Network([64, 10], input_scale=1 / 16).fit(*digits, epochs=2) for k in range(6)}
    display = inspection.plot_history(runs)
    display.figure_.canvas.draw()
    ax = display.axes_[0]
    assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1 - 1
    assert len(ax.get_legend().get_texts()) == 6


def test_several_runs(digits):
    runs = {}
    for name, rate in {"constant": 0.01, "falling": cmlp.schedules.Exponential(0.01)}.items():
        runs[name] = cmlp.Network([64, 10], input_scale=1 / 16).fit(*digits, optimizer=cmlp.Adam(rate), epochs=4)
    display = inspection.plot_history(runs, log=True)
    assert display.rows == ["loss", "learning_rate"]
    assert display.axes_[0].get_yscale() == "log"
    assert_array_equal(display.axes_[1].lines[1].get_ydata(), runs["falling"].learning_rate)
    assert [line.get_label() for line in display.axes_[0].lines] == ["constant", "falling"]
    figure, axes = plt.subplots(2)
    assert inspection.plot_history(runs, axes).figure_ is figure
    with pytest.raises(ValueError, match=r"2 axes.*1"):
        inspection.plot_history(runs, axes[:1])
    with pytest.raises(TypeError, match=r"'x'.*dict"):
        inspection.plot_history({"x": {}})
    with pytest.raises(ValueError, match="epoch"):
        inspection.plot_history(cmlp.History())


# --- decision boundary ------------------------------------------------------------------------------------------------
def test_decision_boundary_of_two_classes():
    X, y = cmlp.datasets.moons(100)
    net = cmlp.Network([2, 8, 1], "tanh", "log_loss")
    net.fit(X, y, epochs=20)
    display = inspection.plot_decision_boundary(net, X, y, n_grid=30)
    assert display.kind == "probability"
    assert display.values[4, 7] == net.forward([[display.xs[7], display.ys[4]]])[0, 0]
    points = display.ax_.lines
    assert_array_equal(np.column_stack(points[1].get_data()), X[y == 1])
    assert points[0].get_marker() != points[1].get_marker()
    assert display.xs[0] < X[:, 0].min() < X[:, 0].max() < display.xs[-1]
    assert labelled(display.ax_)


def test_decision_boundary_of_several_classes_and_of_values():
    X, y = cmlp.datasets.spirals(90)
    names = np.array(["a", "b", "c"])[y]
    net = cmlp.Network([2, 8, 3])
    net.fit(X, names, epochs=5)
    display = inspection.plot_decision_boundary(net, X, names, n_grid=20)
    assert display.kind == "class"
    assert net.classes[display.values[3, 5]] == net.predict([[display.xs[5], display.ys[3]]])[0]
    values = cmlp.Network([2, 4, 1], loss="squared_error")
    values.fit(X, X[:, 0], epochs=2)
    assert inspection.plot_decision_boundary(values, X, X[:, 0], n_grid=20).kind == "value"
    with pytest.raises(ValueError, match=r"X.*\(4, 3\)"):
        inspection.plot_decision_boundary(cmlp.Network([3, 2]), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"output.*2"):
        inspection.plot_decision_boundary(cmlp.Network([2, 2], loss="squared_error"), X)


# --- weights ----------------------------------------------------------------------------------------------------------
def test_weights_as_images(net):
    display = inspection.plot_weights(net)
    drawn = np.asarray(display.image_.get_array())
    assert drawn.shape == (4 * 9 - 1, 4 * 9 - 1)
    assert_array_equal(drawn[9:17, 18:26], net.layers[0].W[:, 6].reshape(8, 8))
    assert np.ma.getmaskarray(display.image_.get_array())[8].all() or np.isnan(drawn[8]).all()
    assert display.image_.get_clim() == (-display.limit, display.limit)
    assert inspection.plot_weights(net, units=[3, 5]).W.shape == (64, 2)


def test_weights_as_a_table(net):
    display = inspection.plot_weights(net, 1)
    assert_array_equal(display.image_.get_array(), net.layers[1].W)
    assert "layer 1" in display.ax_.get_xlabel()
    with pytest.raises(ValueError, match=r"\(7, 7\).*49.*64"):
        inspection.plot_weights(net, shape=(7, 7))


# --- activations and gradients ------------------------------------------------------------------------------------------
def test_activations(net, digits):
    X, _ = digits
    display = inspection.plot_activations(net, X)
    assert_array_equal(display.values[0], inspection.activations(net, X[:1000], 0).ravel())
    heights = [bar.get_height() for bar in display.axes_[0].patches]
    assert sum(heights) == 16_000
    both = np.concatenate(display.values)
    assert_array_equal(heights, np.histogram(display.values[0], len(heights), (both.min(), both.max()))[0])
    bands = inspection.plot_activations(net, X, kind="bands")
    assert_allclose(bands.axes_[0].lines[0].get_ydata(), [np.median(values) for values in bands.values])


def test_gradients(net, digits):
    X, y = digits
    display = inspection.plot_gradients(net, X, y, kind="bands")
    trace = net.trace(X[:1000], y[:1000])
    assert_allclose(display.values[1], trace["dZ1"].ravel() * 1000)
    assert_allclose(display.axes_[0].lines[0].get_ydata()[0], np.median(np.abs(trace["dZ0"])) * 1000)
    assert display.axes_[0].get_yscale() == "log"
    with pytest.raises(ValueError, match=r"\by\b"):
        inspection.plot_gradients(net, X)


@pytest.mark.parametrize("loss", ["quantile", *slow("gaussian", "poisson", "gamma", "perceptron", "squared_error")])
def test_activations_need_no_targets(loss, rng):
    net = cmlp.Network([3, 4, 2], loss=loss)
    assert len(inspection.plot_activations(net, rng.normal(size=(20, 3))).values) == 2


def test_by_epoch(digits):
    X, y = digits
    recorder = inspection.Recorder(X[:50], y[:50], ["A", "Z", "dZ"])
    net = cmlp.Network([64, 8, 10], input_scale=1 / 16)
    net.fit(X, y, epochs=4, callbacks=[recorder])
    display = inspection.plot_activations(recorder)
    assert display.quantiles.shape == (4, 2, 5)
    last = np.quantile(inspection.activations(net, X[:50], 0), [0.05, 0.25, 0.5, 0.75, 0.95])
    assert_allclose(display.quantiles[-1, 0], last)
    assert_array_equal(display.axes_[0].lines[0].get_ydata(), display.quantiles[:, 0, 2])
    assert display.axes_[-1].get_xlabel() == "epoch"
    assert inspection.plot_gradients(recorder).quantiles.shape == (4, 2, 5)
    with pytest.raises(ValueError, match="kind='epochs'"):
        display.plot(kind="histogram")


# --- confusion --------------------------------------------------------------------------------------------------------
def test_confusion(net, digits):
    X, y = digits
    display = inspection.plot_confusion(net, X, y)
    predicted = net.predict(X)
    assert display.counts[3, 8] == ((y == 3) & (predicted == 8)).sum()
    assert display.counts.sum() == len(y)
    texts = {(text.get_position()): text.get_text() for text in display.ax_.texts}
    assert texts[(3, 3)] == f"{display.counts[3, 3]:,}"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("predicted", "true")
    shares = inspection.ConfusionDisplay.from_predictions(y, predicted, normalize="true").plot()
    assert_allclose(shares.values.sum(axis=1), 1)
    assert_allclose(shares.ax_.images[0].get_array(), shares.values)


def test_confusion_of_given_labels():
    display = inspection.ConfusionDisplay.from_predictions(["b", "a", "b"], ["b", "b", "b"], classes=["b", "a", "c"])
    assert display.counts.tolist() == [[2, 0, 0], [1, 0, 0], [0, 0, 0]]
    with pytest.raises(ValueError, match=r"\(2,\).*\(1,\)"):
        inspection.ConfusionDisplay.from_predictions([1, 2], [1])
    with pytest.raises(ValueError, match=r"'x'.*\['a'\]"):
        inspection.ConfusionDisplay.from_predictions(["x"], ["a"], classes=["a"])


# --- networks and steps ---------------------------------------------------------------------------------------------------
def test_network(tmp_path):
    net = cmlp.Network([3, 12, 2], norm="batch", seed=3)
    display = inspection.plot_network(net, most_units=4)
    assert display.shown == [[0, 1, 2], [0, 1, 10, 11], [0, 1]]
    lines = display.lines()
    assert len(lines) == 3 * 4 + 4 * 2
    assert lines[2][2] == net.layers[0].W[0, 10]
    solid, dashed = display.ax_.collections[:2]
    assert len(solid.get_segments()) == sum(weight >= 0 for *_, weight in lines)
    assert len(dashed.get_segments()) == sum(weight < 0 for *_, weight in lines)
    sizes = [abs(weight) for *_, weight in lines if weight >= 0]
    assert_allclose(solid.get_linewidths(), 3 * np.array(sizes) / max(abs(weight) for *_, weight in lines))
    assert any(re.fullmatch("12 .*batch.*relu", text.get_text(), re.DOTALL) for text in display.ax_.texts)
    display.save_svg(tmp_path / "net.svg")
    assert (tmp_path / "net.svg").read_text().startswith("<?xml")


def test_step():
    net = cmlp.Network([2, 2, 1], "sigmoid", "squared_error", dtype="float64", seed=1)
    X, y = [[0.5, -1.0]], [1.0]
    display = inspection.plot_step(net, X, y)
    trace = net.trace(X, y)
    columns = {name: (values, gradients) for name, values, gradients in display.columns}
    assert_array_equal(columns["Z0"][1], trace["dZ0"][0])
    assert_allclose(columns["A0"][1] * trace["A0"][0] * (1 - trace["A0"][0]), trace["dZ0"][0])
    assert_allclose(columns["A1"][1], trace["A1"][0] - 1)
    said = [text.get_text() for text in display.ax_.texts]
    assert f"{trace['Z0'][0, 1]:.3f}" in said
    assert f"[{trace['dZ0'][0, 1]:.3f}]" in said
    assert f"{trace['W0'][1, 0]:.3f}" in said
    assert f"{trace.cost:.3f}" in said
    classes = inspection.StepDisplay.from_network(cmlp.Network([2, 3, 2]), X, [1])
    assert classes.columns[-1][2] is None
    for wrong, message in [
        (lambda: inspection.plot_step(net, [[0.5, -1.0]] * 2, [1.0, 1.0]), "2.*net.trace"),
        (lambda: inspection.plot_step(cmlp.Network([2, 9, 1], loss="log_loss"), X, [1]), "6.*9"),
        (lambda: inspection.plot_step(cmlp.Network([2, 3, 2], norm="layer"), X, [1]), "norm"),
    ]:
        with pytest.raises(ValueError, match=message):
            wrong()


def test_range_test(net, digits):
    curve = inspection.learning_rate_range(net, *digits)
    display = inspection.plot_range_test(curve)
    assert_array_equal(display.ax_.lines[1].get_ydata(), curve.smoothed)
    assert display.ax_.lines[2].get_xdata()[0] == curve.suggestion
    assert display.ax_.get_xscale() == "log"


# --- all of them ------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_given_axes(net, digits):
    X, y = digits
    for draw in (
        lambda ax: inspection.plot_weights(net, ax=ax),
        lambda ax: inspection.plot_confusion(net, X, y, ax=ax),
        lambda ax: inspection.plot_network(net, ax=ax),
        lambda ax: inspection.plot_activations(net, X, axes=ax, kind="bands"),
    ):
        figure, ax = plt.subplots()
        display = draw(ax)
        assert display.figure_ is figure
        figure.canvas.draw()


def test_estimators(digits):
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    X, y = digits
    model = cmlp.MLPClassifier((16,), max_iter=3, random_state=0, tol=-np.inf)
    with pytest.warns(UserWarning, match="[Ii]terations"):
        model.fit(X, y)
    assert inspection.plot_confusion(model, X, y).counts.sum() == len(y)
    assert_array_equal(inspection.plot_weights(model).W, model.coefs_[0])


def test_without_matplotlib(net, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"cmlp\[plot\]"):
        inspection.plot_network(net)
