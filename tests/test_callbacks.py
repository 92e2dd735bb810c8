"""Callbacks: when they are called, what they may do, and what is left when they fail."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import cmlp
from cmlp.callbacks import Callback, Checkpoint, CSVLogger, EarlyStopping, LearningRateMonitor, ModelCheckpoint, Progress


class Recorder(Callback):
    def __init__(self):
        self.calls = []

    def on_fit_begin(self, training):
        self.calls.append("fit begins")

    def on_epoch_begin(self, training):
        self.calls.append(f"epoch {len(training.history) + 1} begins")

    def on_epoch_end(self, training):
        self.calls.append(f"epoch {training.history.epoch[-1]} ends after step {training.steps}")

    def on_fit_end(self, training):
        self.calls.append(f"fit ends: {training.history.stopped}")


class StepRecorder(Callback):
    def __init__(self):
        self.thetas = []

    def on_step_end(self, training):
        self.thetas.append(training.network.theta.copy())


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 4))
    return X, (X[:, 0] > 0).astype(int)


def network(**more):
    return cmlp.Network([4, 8, 2], **({"dtype": "float64"} | more))


def test_the_order_of_the_hooks(data):
    recorder = Recorder()
    network().fit(*data, batch_size=20, epochs=2, callbacks=recorder)
    assert recorder.calls == [
        "fit begins",
        "epoch 1 begins",
        "epoch 1 ends after step 3",
        "epoch 2 begins",
        "epoch 2 ends after step 6",
        "fit ends: epochs",
    ]


def test_the_order_of_the_hooks_with_lbfgs(data):
    recorder = Recorder()
    network().fit(*data, optimizer="lbfgs", batch_size=None, epochs=2, callbacks=recorder)
    assert recorder.calls == [
        "fit begins",
        "epoch 1 begins",
        "epoch 1 ends after step 1",
        "epoch 2 begins",
        "epoch 2 ends after step 2",
        "fit ends: epochs",
    ]


@pytest.mark.parametrize("more", [{}, {"norm": "batch", "dropout": 0.3}], ids=["plain", "with everything"])
def test_every_step_and_the_same_bits(data, more):
    recorder, one, two = StepRecorder(), network(**more), network(**more)
    one.fit(*data, batch_size=7, epochs=3, callbacks=[recorder, LearningRateMonitor()])
    two.fit(*data, batch_size=7, epochs=3)
    assert len(recorder.thetas) == 27
    assert_array_equal(one.variables, two.variables)
    assert_array_equal(recorder.thetas[-1], two.theta)
    assert one.history.loss == two.history.loss
    assert one.history.learning_rate == two.history.learning_rate


def test_steps_of_a_schedule(data):
    rates = LearningRateMonitor(by_step=True)
    optimizer = cmlp.SGD(cmlp.schedules.Linear(0.4))
    network().fit(*data, optimizer=optimizer, batch_size=30, epochs=2, callbacks=[rates, StepRecorder()])
    np.testing.assert_allclose(rates.learning_rates, [0.4, 0.3, 0.2, 0.1])
    by_epoch = LearningRateMonitor()
    network().fit(*data, optimizer=optimizer, batch_size=30, epochs=2, callbacks=by_epoch)
    np.testing.assert_allclose(by_epoch.learning_rates, [0.3, 0.1])


@pytest.mark.parametrize("hook", ["on_fit_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_fit_end"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_an_exception_leaves_a_usable_network(hook, error, optimizer, data):
    def fail(self, training):
        if hook != "on_epoch_end" or len(training.history) == 2:
            raise error("from a callback")

    net, recorder = network(), Recorder()
    failing = type("Failing", (Callback,), {hook: fail})()
    with pytest.raises(error, match="from a callback"):
        net.fit(*data, optimizer=optimizer, batch_size=None, epochs=5, callbacks=[recorder, failing])
    assert recorder.calls[-1].startswith("fit ends")
    assert np.isfinite(net.theta).all()
    if hook == "on_epoch_end":
        assert len(net.history) == 2
        twin = network()
        twin.fit(*data, optimizer=optimizer, batch_size=None, epochs=2)
        assert_array_equal(net.theta, twin.theta)
    net.fit(*data, epochs=2)
    assert net.score(*data) > 0.4


def test_a_callback_may_predict_but_not_train(data):
    class Predicts(Callback):
        def on_epoch_end(self, training):
            self.score = training.network.score(*data)

    class Trains(Callback):
        def on_epoch_end(self, training):
            training.network.fit(*data)

    predicts = Predicts()
    net = network()
    net.fit(*data, epochs=2, callbacks=predicts)
    assert predicts.score == net.score(*data)
    with pytest.raises(RuntimeError, match="train"):
        net.fit(*data, epochs=2, callbacks=Trains())


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_stopping(optimizer, data):
    class Stop(Callback):
        def on_epoch_end(self, training):
            if len(training.history) == 3:
                training.stop("three are enough")

    history = network().fit(*data, optimizer=optimizer, batch_size=None, epochs=50, callbacks=Stop())
    assert len(history) == 3
    assert history.stopped == "three are enough"


# --- those that ship ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("monitor", ["val_loss", "val_score", "loss", "function"])
def test_early_stopping(monitor, data):
    X, y = data
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(60) < 0.3, 1 - y, y)
    net = cmlp.Network([4, 60, 2], dtype="float64")
    given = (lambda net: net.score(X, y)) if monitor == "function" else monitor
    stopping = EarlyStopping(given, patience=4)
    history = net.fit(
        X, noisy, optimizer=cmlp.Adam(0.05), epochs=300, batch_size=10, validation_data=(X, y), callbacks=[stopping]
    )
    values = history.val_score if monitor == "function" else getattr(history, monitor)
    better = min if monitor in ("loss", "val_loss") else max
    assert history.stopped == "patience"
    assert stopping.best == better(values)
    assert history.best_epoch == stopping.best_epoch == values.index(better(values)) + 1
    assert len(history) == stopping.best_epoch + 4
    if monitor == "val_loss":
        assert net.cost(X, y) == stopping.best


def test_early_stopping_needs_what_it_watches(data):
    with pytest.raises(ValueError, match=r"'val_loss'.*validation_data"):
        network().fit(*data, callbacks=EarlyStopping())


def test_checkpoints(data, tmp_path):
    path = tmp_path / "net.{epoch}.st"
    net = network()
    net.fit(*data, epochs=5, callbacks=[ModelCheckpoint(path, every=2), ModelCheckpoint(tmp_path / "best", "loss")])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best", "net.2.st", "net.4.st"]
    shorter = network()
    shorter.fit(*data, epochs=4)
    assert_array_equal(cmlp.load(tmp_path / "net.4.st").theta, shorter.theta)


def test_a_checkpoint_is_written_behind_everything_else(data, tmp_path):
    """What the schedule and the callbacks after it have seen of the epoch is in it, too."""

    class EndAfter(Callback):
        def __init__(self, epochs):
            self.epochs = epochs

        def state(self):
            return {}

        def on_pause(self, training):
            if len(training.history) == self.epochs:
                raise InterruptedError

    path, rates = tmp_path / "training", LearningRateMonitor()
    schedule = cmlp.schedules.ReduceOnPlateau(0.1, factor=0.5, patience=1, min_delta=10.0, monitor="loss")
    settings = {"optimizer": cmlp.Adam(schedule), "epochs": 6}
    whole, killed, resumed = network(), network(), network()
    expected = whole.fit(*data, **settings).learning_rate
    assert len(set(expected)) == 5
    with pytest.raises(InterruptedError):
        killed.fit(*data, **settings, callbacks=[Checkpoint(path), LearningRateMonitor(), EndAfter(3)])
    history = resumed.fit(*data, **settings, callbacks=[Checkpoint(path, resume=True), rates, EndAfter(99)])
    assert history.learning_rate == rates.learning_rates == expected
    assert_array_equal(resumed.theta, whole.theta)


@pytest.mark.parametrize("monitor", ["val_score", "val_loss"])
def test_the_best_model_is_kept(monitor, data, tmp_path):
    """Steps that are too long: the last epoch is not the best."""
    X, y = data
    net = network()
    best = ModelCheckpoint(tmp_path / "best", monitor)
    history = net.fit(X, y, optimizer=cmlp.SGD(5.0), epochs=20, batch_size=5, validation_data=data, callbacks=best)
    values = getattr(history, monitor)
    saved = cmlp.load(tmp_path / "best")
    assert best.best == (max(values) if monitor == "val_score" else min(values)) != values[-1]
    assert (saved.score(*data) if monitor == "val_score" else saved.cost(*data)) == best.best


def test_csv_logger(data, tmp_path):
    path = tmp_path / "log.csv"
    net = network()
    first = net.fit(*data, epochs=2, validation_data=data, callbacks=CSVLogger(path))
    second = net.fit(*data, epochs=2, validation_data=data, callbacks=CSVLogger(path, append=True))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    assert [float(row["val_loss"]) for row in rows] == first.val_loss + second.val_loss
    network().fit(*data, epochs=1, callbacks=CSVLogger(path))
    assert len(path.read_text().splitlines()) == 2


def test_progress_is_silent_where_nobody_looks(data, capsys):
    network().fit(*data, epochs=2, callbacks=Progress())
    assert capsys.readouterr() == ("", "")


def test_progress(data, capsys):
    pytest.importorskip("tqdm")
    network().fit(*data, epochs=3, validation_data=data, callbacks=Progress(always=True))
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "loss=" in shown
    assert "val_score=" in shown


def test_progress_without_tqdm(data, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"tqdm.*cmlp\[progress\]"):
        network().fit(*data, callbacks=Progress(always=True))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping("loess"), "monitor.*val_loss.*'loess'"),
        (lambda: EarlyStopping(patience=0), "patience.*0"),
        (lambda: EarlyStopping(min_delta=-1), "min_delta.*-1"),
        (lambda: ModelCheckpoint("x", every=0), "every.*0"),
        (lambda: CSVLogger("x", append=1), "append.*1"),
        (lambda: network().fit([[0.0] * 4], [0], callbacks=[3]), "callbacks.*3"),
        (lambda: network().fit([[0.0] * 4], [0], callbacks=[Recorder]), "callbacks.*Recorder"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
