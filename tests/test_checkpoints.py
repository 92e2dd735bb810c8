"""Trainings that are killed and go on: the same bits as those that were not."""

import os

import numpy as np
import pytest
from common import HYPER, ROUNDS, SEED, run_python, seeds, take_all_threads, targets_for
from hostile import KILLED_AT, refused
from networks import random_network, random_training
from numpy.testing import assert_array_equal

import cmlp
from cmlp.callbacks import Callback, Checkpoint, CSVLogger, LearningRateMonitor, ModelCheckpoint
from cmlp.schedules import ReduceOnPlateau


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.safetensors"


class Killed(Exception):
    pass


class KillAfter(Callback):
    """Ends a training as SIGKILL would, at the n-th pause; there is one after every step."""

    def __init__(self, n):
        self.n = n

    def on_fit_begin(self, training):
        self.left = self.n

    def on_pause(self, training):
        self.left -= 1
        if self.left == 0 and not training.history.stopped:
            raise Killed

    def on_step_end(self, training):
        pass

    def state(self):
        return {}


def network(**settings):
    return cmlp.Network([4, 6, 2], norm="batch", dropout=0.2, **settings)


@pytest.fixture
def data(rng):
    X = rng.normal(size=(60, 4))
    return X, (X[:, 0] > 0).astype(int)


def same(one, other):
    """Whether two networks are bitwise the same, with all that a further training needs."""
    assert_array_equal(one.variables, other.variables)
    assert_array_equal(one._optimizer_state.slots, other._optimizer_state.slots)
    assert (one._optimizer_state.cursor.t, one._optimizer_state.cursor.epoch) == (
        other._optimizer_state.cursor.t,
        other._optimizer_state.cursor.epoch,
    )
    assert (one.ema is None) == (other.ema is None)
    if one.ema is not None:
        assert_array_equal(one.ema, other.ema)
    first, second = (net.history.to_dict() | {"time": None} for net in (one, other))
    assert first == second
    assert (one.history.stopped, one.history.best_epoch) == (other.history.stopped, other.history.best_epoch)


@pytest.mark.parametrize("seed", seeds(40, 4))
def test_random_trainings(seed, path, monkeypatch):
    """Cut off at some pause, and gone on with by another network on other threads."""
    take_all_threads(monkeypatch)
    rng = np.random.default_rng([seed, 11])
    kind = random_network(rng, dtype=str(rng.choice(["float32", "float64"])))
    net = cmlp.Network(**kind)
    X = rng.normal(size=(70, net.sizes[0]))
    Y = targets_for(net.loss, rng, 70, net.sizes[-1])
    settings = random_training(rng, net) | {"batch_size": 8, "epochs": 6}
    settings["optimizer"] = HYPER[rng.choice([name for name in HYPER if name != "rprop"])]
    if rng.random() < 0.5:
        settings |= {"validation_data": (X[:20], Y[:20]), "stopping": cmlp.Stopping(patience=None)}
    if rng.random() < 0.3:
        monitor = "val_loss" if "validation_data" in settings else "loss"
        settings["optimizer"] = cmlp.Adam(ReduceOnPlateau(0.01, monitor=monitor, patience=1, min_delta=0.01))
    net.fit(X, Y, **settings, callbacks=[LearningRateMonitor(), KillAfter(10**9)], n_threads=1)
    other = cmlp.Network(**kind)
    callbacks = [LearningRateMonitor(), Checkpoint(path, every=None, minutes=1e-9), KillAfter(int(rng.integers(1, 18)))]
    with pytest.raises(Killed):
        other.fit(X, Y, **settings, callbacks=callbacks, n_threads=2)
    third, rates = cmlp.Network(**kind | {"seed": 99}), LearningRateMonitor()
    callbacks = [rates, Checkpoint(path, every=None, minutes=1e-9, resume=True), KillAfter(10**9)]
    third.fit(X, Y, **settings, callbacks=callbacks, n_threads=3)
    same(net, third)
    assert rates.learning_rates == net.history.learning_rate


DRIVER = (
    KILLED_AT
    + """
import hashlib, pathlib
import numpy as np, cmlp
from cmlp.callbacks import Checkpoint, EarlyStopping

def train(path, n_threads):
    X, y, X_test, y_test = cmlp.datasets.load_digits(split=True)
    net = cmlp.Network([64, 48, 32, 10], norm=["batch", None], dropout=[0.0, 0.2], input_scale=1 / 16)
    net.fit(X, y, epochs=30, batch_size=64, optimizer=cmlp.Adam(cmlp.schedules.Cosine(0.01)), ema_decay=0.99,
            n_threads=n_threads, validation_data=(X_test, y_test), regularization=cmlp.Regularization(max_norm=2.0),
            stopping=cmlp.Stopping(patience=None),
            callbacks=[EarlyStopping("val_score", patience=25), Checkpoint(path, resume=True)])
    content = [net.variables, net._optimizer_state.slots, net.ema, np.array(net.history.loss), np.array(net.history.val_loss)]
    return hashlib.sha256(b"".join(part.tobytes() for part in content)).hexdigest()

def forked(moment, place, *arguments):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        killed_at(moment, place)
        os.write(writer, train(*arguments).encode())
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    return status, os.read(reader, 1000)

folder, n_kills, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
(folder / "aside").mkdir()
rng = np.random.default_rng([seed, 5])
status, expected = forked(0, "", folder / "whole", 1)
within = 0
for place in ("", "files.py"):                         # anywhere, and while a file is written
    last = 1 << 8                                      # a moment that a whole training does not reach, at most twice too late
    while os.WIFSIGNALED(forked(last, place, folder / "aside" / str(last), 1)[0]):
        last *= 2
    for k in range(n_kills // 2):
        path = folder / f"run {k} {place}"
        for moment in rng.integers(1, last // 2, 2).tolist():  # killed twice, the second time after it went on
            status, _ = forked(moment, place, path, int(rng.integers(1, 4)))
            within += path.exists() and os.WIFSIGNALED(status)
        status, got = forked(0, "", path, int(rng.integers(1, 4)))
        assert got == expected, f"kill {k} in {place}"
assert within >= n_kills // 2, within
assert not [name for name in os.listdir(folder) if name.endswith(".part")]
print("equal")
"""
)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_kills_at_random_moments(tmp_path):
    done = run_python("-c", DRIVER, tmp_path, 10 * ROUNDS, SEED)
    assert done.stdout.strip() == "equal", done.stderr


# --- what else may differ, and what may not ------------------------------------------------------------------------
def test_a_finished_training(data, path):
    net = network()
    net.fit(*data, epochs=4, callbacks=[Checkpoint(path)])
    again = network(seed=3)
    again.fit(*data, epochs=4, callbacks=[Checkpoint(path, resume=True)])
    same(net, again)
    longer, whole = network(), network()
    longer.fit(*data, epochs=7, callbacks=[Checkpoint(path, resume=True)])
    whole.fit(*data, epochs=7)
    same(longer, whole)
    shorter = network()
    shorter.fit(*data, epochs=2, callbacks=[Checkpoint(path, resume=path)])
    assert shorter.history.stopped == "epochs"
    assert len(shorter.history) == 7


def test_after_another_training(data, path):
    """The optimizer's memory of a call before is in it too."""
    nets = [network(), network()]
    for net in nets:
        net.fit(*data, epochs=2)
    nets[0].fit(*data, epochs=4)
    nets[1].fit(*data, epochs=2, callbacks=[Checkpoint(path)])
    new = network()
    new.fit(*data, epochs=4, callbacks=[Checkpoint(path, resume=True)])
    same(nets[0], new)
    assert new.history.epoch == [3, 4, 5, 6]


def test_the_network_can_be_read_from_a_checkpoint(data, path):
    net = network()
    net.fit(*data, epochs=3, ema_decay=0.9, callbacks=[Checkpoint(path)])
    again = cmlp.load(path)
    assert_array_equal(again.variables, net.variables)
    assert_array_equal(again.ema, net.ema)
    assert again.history.loss == net.history.loss


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": cmlp.SGD()}, "optimizer.*Adam.*SGD"),
        ({"optimizer": cmlp.Adam(0.1)}, "optimizer.*0.001.*0.1"),
        ({"batch_size": 8}, "batch_size.*16.*8"),
        ({"shuffle": False}, "shuffle.*True.*False"),
        ({"regularization": cmlp.Regularization(l2=0.1)}, "regularization.*lr_multipliers.*ema_decay"),
        ({"ema_decay": 0.5}, "regularization.*lr_multipliers.*ema_decay"),
        ({"stopping": cmlp.Stopping("loss", min_delta=0.1)}, "min_delta"),
        ({"stopping": cmlp.Stopping("loss", None)}, "restore_best"),
        ({"dropout": 0.5}, "dropout.*None.*0.5"),
        ({"sample_weight": np.arange(60.0)}, "X, y"),
        ({"validation_data": (np.ones((5, 4)), np.ones(5))}, "validation_data"),
        ({"callbacks": []}, "callbacks.*LearningRateMonitor"),
        ({"callbacks": [LearningRateMonitor(True)]}, "callbacks.*LearningRateMonitor"),
    ],
)
def test_other_settings_are_refused(changes, message, data, path):
    network().fit(*data, epochs=2, batch_size=16, callbacks=[LearningRateMonitor(), Checkpoint(path)])
    net = network()
    net.fit(*data, epochs=1)
    before, memory, history = net.variables.copy(), net._optimizer_state.slots.copy(), net.history
    settings = {"epochs": 3, "batch_size": 16, "callbacks": [LearningRateMonitor()]} | changes
    settings["callbacks"] = [*settings["callbacks"], Checkpoint(path, resume=True)]
    with refused(path, message, ValueError):
        net.fit(*data, **settings)
    assert_array_equal(net.variables, before)
    assert_array_equal(net._optimizer_state.slots, memory)
    assert net.history is history


def test_other_data_and_other_networks_are_refused(data, path):
    X, y = data
    network().fit(X, y, epochs=2, callbacks=[Checkpoint(path)])
    with refused(path, "X, y", ValueError):
        network().fit(X + 1, y, epochs=3, callbacks=[Checkpoint(path, resume=True)])
    with refused(path, r"network.*bias.*\[False, True\].*\[True, True\]", ValueError):
        cmlp.Network([4, 6, 2], dropout=0.2).fit(X, y, epochs=3, callbacks=[Checkpoint(path, resume=True)])
    with pytest.raises(FileNotFoundError):
        network().fit(X, y, callbacks=[Checkpoint(path, resume=path.with_name("nothing"))])
    cmlp.save(network(), path)
    with refused(path, r"cmlp\.load", ValueError):
        network().fit(X, y, callbacks=[Checkpoint(path, resume=True)])


def test_what_a_checkpoint_cannot_hold(data, path):
    class Own(Callback):
        pass

    def own_loss(Z, Y):
        return (Z - Y).sum(axis=1) ** 2, 2 * (Z - Y)

    refused = [
        (network(), {"callbacks": [Own()]}, r"Own.*state\(\)"),
        (network(), {"optimizer": cmlp.Adam(lambda step: 0.1)}, r"optimizer\.learning_rate"),
        (cmlp.Network([4, 2], loss=own_loss), {}, "loss.*function"),
        (cmlp.Network([4, 2]), {"optimizer": "lbfgs", "batch_size": None}, "Checkpoint.*LBFGS"),
    ]
    for net, settings, message in refused:
        before = net.variables.copy()
        settings["callbacks"] = [*settings.get("callbacks", []), Checkpoint(path)]
        with pytest.raises((TypeError, ValueError), match=message):
            net.fit(*data, **settings)
        assert_array_equal(net.variables, before)
        assert net.history is None
    assert not path.exists()
    with pytest.raises(ValueError, match=r"every.*minutes"):
        Checkpoint(path, every=None)


def test_a_callback_of_ones_own_with_a_state(data, path):
    class Counter(Callback):
        def on_fit_begin(self, training):
            self.n, self.sums = 0, np.zeros(3)

        def on_epoch_end(self, training):
            self.n += 1
            self.sums += self.n

        def state(self):
            return {"n": self.n, "sums": self.sums}

        def restore(self, state):
            self.n, self.sums = state["n"], state["sums"]

    network().fit(*data, epochs=2, callbacks=[Counter(), Checkpoint(path)])
    counter = Counter()
    network().fit(*data, epochs=5, callbacks=[counter, Checkpoint(path, resume=True)])
    assert counter.n == 5
    assert counter.sums.tolist() == [15, 15, 15]


def test_a_state_that_is_no_numbers(data, path):
    class Odd(KillAfter):
        def state(self):
            return {"odd": object()}

    with pytest.raises(ValueError, match="object"):
        network().fit(*data, epochs=2, callbacks=[Odd(99), Checkpoint(path)])


def test_a_csv_file_has_each_epoch_once(data, path, tmp_path):
    log = tmp_path / "log.csv"
    callbacks = [CSVLogger(log), Checkpoint(path, every=2), KillAfter(5)]
    with pytest.raises(Killed):
        network().fit(*data, epochs=8, callbacks=callbacks)
    assert len(log.read_text().splitlines()) == 6
    network().fit(*data, epochs=8, callbacks=[CSVLogger(log), Checkpoint(path, resume=True), KillAfter(99)])
    lines = log.read_text().splitlines()
    assert lines[0].startswith("epoch,loss")
    assert [line.split(",")[0] for line in lines[1:]] == list("12345678")


def test_a_csv_file_may_come_and_go(data, path, tmp_path):
    network().fit(*data, epochs=2, callbacks=[CSVLogger(tmp_path / "log.csv"), LearningRateMonitor(), Checkpoint(path)])
    monitor = LearningRateMonitor()
    network().fit(*data, epochs=3, callbacks=[monitor, Checkpoint(path, resume=True)])
    assert len(monitor.learning_rates) == 3
    last = LearningRateMonitor()
    network().fit(*data, epochs=5, callbacks=[last, CSVLogger(tmp_path / "late.csv"), Checkpoint(path, resume=True)])
    assert len(last.learning_rates) == 5
    lines = (tmp_path / "late.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "4", "5"]


ENDS = {
    "patience": cmlp.Stopping("loss", 3, 10.0, restore_best=False),
    "threshold": cmlp.Stopping("loss", None, restore_best=False, threshold=0.04),
}


@pytest.mark.parametrize("ending", ENDS)
def test_what_ends_in_the_last_epoch_does_not_go_on(ending, data, path):
    stopping = ENDS[ending]
    whole, again = network(), network()
    whole.fit(*data, epochs=60, stopping=stopping)
    assert whole.history.stopped == ending
    network().fit(*data, epochs=len(whole.history), stopping=stopping, callbacks=[Checkpoint(path)])
    again.fit(*data, epochs=60, stopping=stopping, callbacks=[Checkpoint(path, resume=True)])
    same(whole, again)


def test_the_running_mean_of_a_training_before(data, path):
    nets = [network(), network()]
    for net in nets:
        net.fit(*data, epochs=2, ema_decay=0.9)
    nets[0].fit(*data, epochs=4)
    nets[1].fit(*data, epochs=2, callbacks=[Checkpoint(path)])
    new = network()
    new.fit(*data, epochs=4, callbacks=[Checkpoint(path, resume=True)])
    same(nets[0], new)


def test_an_optimizer_whose_memory_overflowed_goes_on(path):
    X = np.linspace(-1, 1, 24)[:, None] * 1e22
    nets = [cmlp.Network([1, 1], loss="absolute_error") for _ in range(3)]
    nets[0].fit(X, X[:, 0] / 1e22, epochs=4)
    assert np.isinf(nets[0]._optimizer_state.slots).any()
    nets[1].fit(X, X[:, 0] / 1e22, epochs=2, callbacks=[Checkpoint(path)])
    nets[2].fit(X, X[:, 0] / 1e22, epochs=4, callbacks=[Checkpoint(path, resume=True)])
    same(nets[0], nets[2])


def test_other_sparse_data_are_refused(data, path):
    sparse = pytest.importorskip("scipy.sparse")
    X, y = data
    plain = cmlp.Network([4, 6, 2])
    plain.fit(sparse.csr_array(X), y, epochs=2, callbacks=[Checkpoint(path)])
    with refused(path, "X, y", ValueError):
        cmlp.Network([4, 6, 2]).fit(sparse.csr_array(2 * X), y, epochs=3, callbacks=[Checkpoint(path, resume=True)])


@pytest.mark.parametrize("array", [np.arange(3), np.ones((2, 2, 2)), np.empty(0)], ids=str)
def test_arrays_of_a_callback(array, data, path):
    class Own(KillAfter):
        def state(self):
            return {"a": array}

        def restore(self, state):
            self.a = state["a"]

    if array.size:
        with pytest.raises(ValueError, match=r"float32.*float64"):
            network().fit(*data, epochs=2, callbacks=[Own(99), Checkpoint(path)])
        return
    own = Own(99)
    network().fit(*data, epochs=2, callbacks=[Own(99), Checkpoint(path)])
    network().fit(*data, epochs=3, callbacks=[own, Checkpoint(path, resume=True)])
    assert list(own.a) == []


def test_numbers_of_numpy(data, path):
    net = cmlp.Network([4, 2], seed=np.int64(3))
    net.fit(
        *data,
        epochs=1,
        ema_decay=np.float32(0.9),
        clip_norm=np.float32(1),
        clip_by_block=np.True_,
        callbacks=[Checkpoint(path)],
    )
    assert cmlp.load(path).seed == 3


def test_the_best_model_so_far_is_remembered(data, path, tmp_path):
    best = ModelCheckpoint(tmp_path / "best", "loss")
    network().fit(*data, epochs=3, callbacks=[best, Checkpoint(path)])
    lowest = best.best
    network().fit(*data, epochs=3, callbacks=[best, Checkpoint(path, resume=True)])
    assert best.best == lowest
