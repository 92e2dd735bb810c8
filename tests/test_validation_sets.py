"""Held-out data: several sets, metrics of one's own, scikit-learn's names for them, and where they are kept."""

import csv

import numpy as np
import pytest
from common import three_sets
from numpy.testing import assert_allclose, assert_array_equal

import cmlp


@pytest.fixture
def data():
    return three_sets()


def brier(network, X, y, sample_weight=None):
    return float(np.average((network.predict_proba(X)[:, 1] - y) ** 2, weights=sample_weight))


def network(**settings):
    return cmlp.Network([4, 6, 1], loss="log_loss", **settings)


@pytest.mark.parametrize("ema_decay", [None, 0.5])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_every_set_and_metric_has_its_column(optimizer, ema_decay, data):
    if optimizer == "lbfgs" and ema_decay:
        pytest.skip("L-BFGS has no moving average")
    (X, y), val, test = data
    weight = np.linspace(0, 2, len(test[1]))
    net = network(dtype="float64")
    sets = {"valid": val, "test": (*test, weight)}
    history = net.fit(X, y, optimizer=optimizer, batch_size=None, epochs=3, validation_data=sets, metrics={"brier": brier},
                      ema_decay=ema_decay)  # fmt: skip
    assert history.metrics.keys() == {"val_brier", "test_loss", "test_score", "test_brier"}
    assert {len(column) for column in history.metrics.values()} == {3}
    assert list(history.to_dict())[-6:] == ["val_loss", "val_score", "val_brier", "test_loss", "test_score", "test_brier"]
    left = net if ema_decay is None else net.ema_network()
    assert_allclose(history.val_loss[-1], left.cost(*val), rtol=1e-12)
    assert_allclose(history.metrics["val_brier"][-1], brier(left, *val), rtol=1e-12)
    assert_allclose(history.metrics["test_loss"][-1], left.cost(*test, weight), rtol=1e-12)
    assert_allclose(history.metrics["test_score"][-1], left.score(*test, weight), rtol=1e-12)
    assert_allclose(history.metrics["test_brier"][-1], brier(left, *test, weight), rtol=1e-12)


def test_the_first_set_is_followed(data):
    (X, y), val, test = data
    one, two = network(), network()
    settings = {"epochs": 60, "optimizer": cmlp.Adam(0.05), "stopping": cmlp.Stopping("val_score", patience=4)}
    first = one.fit(X, y, validation_data=val, **settings)
    second = two.fit(X, y, validation_data={"one": val, "other": test}, metrics={"brier": brier}, **settings)
    assert len(first) == len(second) < 60
    assert first.val_loss == second.val_loss
    assert_array_equal(one.theta, two.theta)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"metrics": {"brier": brier}}, ValueError, "metrics need validation_data"),
        ({"validation_data": {}}, ValueError, "validation_data.*empty"),
        ({"validation_data": {"test set": "val"}}, ValueError, "validation_data.*'test set'"),
        ({"validation_data": {1: "val"}}, ValueError, "validation_data.*got 1"),
        ({"validation_data": {"a": "val", "val": "val"}}, ValueError, "validation_data.*'val'"),
        ({"validation_data": {"a": 5}}, TypeError, r"validation_data\['a'\] must be \(X, y\).*int"),
        ({"validation_data": 5}, TypeError, r"validation_data must be \(X, y\).*dict.*int"),
        ({"validation_data": "val", "metrics": [brier]}, TypeError, "metrics must be a dict"),
        ({"validation_data": "val", "metrics": {"brier": "roc_auc"}}, TypeError, r"metrics\['brier'\].*'roc_auc'"),
        ({"validation_data": "val", "metrics": {"loss": brier}}, ValueError, "metrics.*'loss'.*already"),
        ({"validation_data": "val", "metrics": {"b rier": brier}}, ValueError, "metrics.*'b rier'"),
    ],
)
def test_what_is_refused(settings, error, message, data):
    (X, y), val, _ = data
    held = settings.get("validation_data")
    held = {name: val if each == "val" else each for name, each in held.items()} if isinstance(held, dict) else held
    settings = settings | {"validation_data": val if held == "val" else held}
    net = network()
    theta = net.theta.copy()
    with pytest.raises(error, match=message):
        net.fit(X, y, **settings)
    assert_array_equal(net.theta, theta)
    assert net.history is None


def test_a_metric_returns_a_number(data):
    (X, y), val, _ = data
    with pytest.raises(TypeError, match=r"metrics\['odd'\] must return a number, got 'a lot'"):
        network().fit(X, y, validation_data=val, metrics={"odd": lambda network, X, y: "a lot"})


def test_metrics_are_kept_in_files(data, tmp_path):
    (X, y), val, test = data
    settings = {"validation_data": {"val": val, "test": test}, "metrics": {"brier": brier}}
    whole, part = network(), network()
    history = whole.fit(X, y, epochs=5, callbacks=[cmlp.callbacks.CSVLogger(tmp_path / "log.csv")], **settings)
    cmlp.save(whole, tmp_path / "network")
    assert cmlp.load(tmp_path / "network").history == history
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [float(row["test_brier"]) for row in rows] == history.metrics["test_brier"]
    point = cmlp.callbacks.Checkpoint(tmp_path / "point")
    part.fit(X, y, epochs=3, callbacks=[point], **settings)
    resumed = network()
    again = cmlp.callbacks.Checkpoint(tmp_path / "point", resume=True)
    resumed.fit(X, y, epochs=5, callbacks=[again], **settings)
    assert resumed.history.metrics == history.metrics
    for changed in ({"metrics": {}}, {"validation_data": {"val": val, "test": val}}, {"validation_data": val}):
        with pytest.raises(ValueError, match=r"metrics|validation_data"):
            network().fit(X, y, epochs=5, callbacks=[again], **settings | changed)


def test_metrics_are_plotted(data):
    pytest.importorskip("matplotlib", reason="cmlp[plot] is not installed")
    from cmlp import inspection

    (X, y), val, test = data
    history = network().fit(X, y, epochs=2, validation_data={"val": val, "test": test}, metrics={"brier": brier})
    display = inspection.plot_history(history)
    assert display.rows == ["loss", "val_score", "val_brier", "test_loss", "test_score", "test_brier"]
    assert_array_equal(display.axes_[2].lines[0].get_ydata(), history.metrics["val_brier"])
    assert display.axes_[2].get_ylabel() == "val brier"
