"""Whole trainings against the reference, step for step; when they stop; what they go on from."""

import numpy as np
import pytest
from common import DTYPES, HYPER, LOSSES, ON_OUTPUTS, paired, reference_fit, slow, targets_for, tolerance
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import datasets
from cmlp.runtime import registry


def check_equal_training(net, X, Y, optimizer, dtype, factor, weight=None, **settings):
    start = net.copy()
    history = net.fit(X, Y, optimizer=optimizer, sample_weight=weight, **settings)
    weight = None if weight is None else weight / weight.mean()
    settings["batch_size"] = settings["batch_size"] or len(X)
    layers, losses, changes = reference_fit(start, X, Y, optimizer, sample_weight=weight, **settings)
    assert_allclose(history.loss, losses, **tolerance(dtype, factor))
    assert_allclose(history.largest_change, changes, **tolerance(dtype, factor))
    for own, expected in zip(net.layers, layers):
        assert_allclose(own.W, expected.W, **tolerance(dtype, 10 * factor))
        if own.b is not None:
            assert_allclose(own.b, expected.b, **tolerance(dtype, 10 * factor))


@pytest.mark.parametrize(("name", "loss", "dtype"), paired(registry.optimizers, registry.losses))
def test_training_equals_the_reference(name, loss, dtype, rng):
    """Shuffled batches with a remainder, weights, 60 updates."""
    n_outputs = 3 * LOSSES[loss].outputs_per_target
    net = cmlp.Network([5, 7, 6, n_outputs], ["tanh", "sigmoid"], LOSSES[loss], dtype=dtype, seed=4)
    X = rng.normal(size=(50, 5)).astype(dtype)
    Y = targets_for(loss, rng, 50, n_outputs, dtype)
    weight = rng.uniform(0.5, 1.5, 50)
    batches = {"batch_size": 50, "epochs": 30} if name == "rprop" else {"batch_size": 9, "epochs": 10}
    check_equal_training(net, X, Y, HYPER[name], dtype, 50, weight, **batches)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ["sigmoid", *slow("softmax")])
@pytest.mark.parametrize("loss", ON_OUTPUTS)
def test_the_textbook_network(loss, output, dtype, rng):
    """Squared error on sigmoid outputs, without biases."""
    net = cmlp.Network([6, 5, 4], "sigmoid", loss, output=output, bias=False, dtype=dtype)
    X = rng.random((40, 6)).astype(dtype)
    Y = np.eye(4)[rng.integers(0, 4, 40)]
    check_equal_training(net, X, Y, cmlp.SGD(0.5), dtype, 20, batch_size=1, epochs=3)


@pytest.mark.parametrize("batch_size", [1, 7, 50, None])
def test_batches_of_every_size_are_the_same_code(batch_size, rng):
    net = cmlp.Network([5, 4, 1], "tanh", "squared_error", dtype="float64")
    X, Y = rng.normal(size=(50, 5)), rng.normal(size=(50, 1))
    check_equal_training(net, X, Y, cmlp.Momentum(0.01), "float64", 20, batch_size=batch_size, epochs=4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("density", [0.0, 0.1, 0.29, 0.31])
def test_inputs_that_are_mostly_zeros(density, dtype, rng):
    net = cmlp.Network([60, 20, 3], "tanh", dtype=dtype)
    X = (rng.normal(size=(90, 60)) * (rng.random((90, 60)) < density)).astype(dtype)
    Y = targets_for("cross_entropy", rng, 90, 3)
    check_equal_training(net, X, Y, cmlp.Momentum(0.1), dtype, 50, batch_size=16, epochs=4)


def test_unshuffled(rng):
    net = cmlp.Network([5, 4, 1], "tanh", "squared_error", dtype="float64")
    X, Y = rng.normal(size=(50, 5)), rng.normal(size=(50, 1))
    check_equal_training(net, X, Y, cmlp.SGD(0.01), "float64", 20, batch_size=8, epochs=4, shuffle=False)


def test_a_network_worked_layer_by_layer(rng):
    net = cmlp.Network([200, 300, 100, 5], dtype="float64")
    X = rng.normal(size=(300, 200))
    Y = targets_for("cross_entropy", rng, 300, 5)
    check_equal_training(net, X, Y, cmlp.SGD(0.1), "float64", 200, batch_size=96, epochs=3)


def test_a_full_batch_in_chunks(rng):
    net = cmlp.Network([4, 6, 2], "tanh", dtype="float64")
    X = rng.normal(size=(10_000, 4))
    Y = targets_for("cross_entropy", rng, 10_000, 2)
    check_equal_training(net, X, Y, cmlp.Adam(0.01), "float64", 1000, batch_size=None, epochs=3)


def test_images_of_eight_bits_are_scaled_in_the_gather(rng):
    images = rng.integers(0, 256, size=(60, 16)).astype(np.uint8)
    net = cmlp.Network([16, 5, 3], input_scale=1 / 255, dtype="float64")
    Y = targets_for("cross_entropy", rng, 60, 3)
    check_equal_training(net, images, Y, cmlp.SGD(0.1), "float64", 20, batch_size=16, epochs=3)


# --- going on -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", registry.optimizers)
def test_two_fits_are_one(name, rng):
    X, y = rng.normal(size=(70, 4)), rng.integers(0, 3, 70)
    once, twice = (cmlp.Network([4, 6, 3], seed=2) for _ in range(2))
    settings = {"optimizer": HYPER[name], "batch_size": None if name == "rprop" else 16}
    whole = once.fit(X, y, epochs=5, **settings)
    first = twice.fit(X, y, epochs=2, **settings)
    second = twice.fit(X, y, epochs=3, **settings)
    assert_array_equal(once.theta, twice.theta)
    assert whole.loss == first.loss + second.loss
    assert second.epoch == [3, 4, 5]


def test_memory_starts_afresh_with_another_kind_of_optimizer(rng):
    X, y = rng.normal(size=(70, 4)), rng.integers(0, 3, 70)
    net = cmlp.Network([4, 6, 3])
    net.fit(X, y, optimizer=cmlp.Adam(0.01), epochs=1)
    state = net._optimizer_state.slots
    net.fit(X, y, optimizer=cmlp.Adam(0.02), epochs=1)
    assert net._optimizer_state.slots is state, "the same kind goes on, whatever its learning rate"
    net.fit(X, y, optimizer=cmlp.Momentum(), epochs=1)
    assert len(net._optimizer_state.slots) == net.n_params
    assert net._optimizer_state.cursor.epoch == 3
    assert net._optimizer_state.cursor.t == 1


def test_step_is_one_update_of_all_samples(rng):
    X, y = rng.normal(size=(20, 4)), rng.integers(0, 3, 20)
    stepped, fitted = cmlp.Network([4, 6, 3]), cmlp.Network([4, 6, 3])
    before = stepped.cost(X, y)
    assert_allclose(stepped.step(X, y, cmlp.SGD(0.1)), before, rtol=1e-6)
    fitted.fit(X, y, optimizer=cmlp.SGD(0.1), batch_size=None, epochs=1)
    assert_array_equal(stepped.theta, fitted.theta)


# --- stopping -------------------------------------------------------------------------------------------------
def test_it_stops_when_no_parameter_moves_further_than_the_threshold(rng):
    X, Y = rng.normal(size=(30, 2)), rng.normal(size=(30, 1))
    net = cmlp.Network([2, 1], loss="squared_error", dtype="float64")
    history = net.fit(
        X,
        Y,
        optimizer=cmlp.SGD(0.2),
        batch_size=None,
        epochs=100_000,
        stopping=cmlp.Stopping("loss", patience=None, restore_best=False, threshold=1e-6),
    )
    assert history.stopped == "threshold"
    assert history.largest_change[-1] <= 1e-6 < history.largest_change[-2]
    solution = np.linalg.lstsq(np.c_[X, np.ones(30)], Y, rcond=None)[0]
    assert_allclose(np.r_[net.layers[0].W, net.layers[0].b[None]], solution, atol=1e-4)


@pytest.mark.parametrize("place", [0, 25, 59])
def test_the_largest_change_is_looked_for_in_all_parameters(place, rng):
    X, Y = rng.normal(size=(20, 60)), rng.normal(size=(20, 100))
    X[:, place] *= 100
    net = cmlp.Network([60, 100], loss="squared_error", dtype="float64")
    before = net.theta.copy()
    history = net.fit(X, Y, optimizer=cmlp.SGD(1e-3), batch_size=None, epochs=1)
    assert_allclose(history.largest_change, [np.abs(net.theta - before).max()], rtol=1e-9)


def test_it_stops_when_the_loss_no_longer_comes_down(rng):
    X, Y = rng.normal(size=(30, 2)), rng.normal(size=(30, 1))
    net = cmlp.Network([2, 1], loss="squared_error", dtype="float64")
    history = net.fit(X, Y, optimizer=cmlp.SGD(0.2), batch_size=None, epochs=100_000, stopping=cmlp.Stopping("loss", 5, 1e-6))
    assert history.stopped == "patience"
    best = np.minimum.accumulate(history.loss)
    improved = np.r_[True, history.loss[1:] < best[:-1] - 1e-6]
    assert not improved[-5:].any()
    assert improved[-6]


def test_it_watches_the_validation_data(rng):
    X, y = rng.normal(size=(40, 10)), rng.integers(0, 2, 40)
    net = cmlp.Network([10, 50, 2])
    history = net.fit(
        X[:20], y[:20], validation_data=(X[20:], y[20:]), epochs=500, stopping=cmlp.Stopping(patience=7, restore_best=False)
    )
    assert history.stopped == "patience"
    assert len(history.val_loss) == len(history.val_score) == len(history) < 500
    assert min(history.val_loss) == history.val_loss[-8]
    assert_allclose(history.val_loss[-1], net.cost(X[20:], y[20:]))
    assert history.val_score[-1] == net.score(X[20:], y[20:])


def test_validation_does_not_change_the_training(rng):
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    plain, watched = cmlp.Network([4, 6, 3]), cmlp.Network([4, 6, 3])
    plain.fit(X, y, batch_size=16, epochs=4)
    watched.fit(X, y, batch_size=16, epochs=4, validation_data=(X[:9], y[:9]), verbose=lambda history, epochs: None)
    assert_array_equal(plain.theta, watched.theta)


# --- divergence -----------------------------------------------------------------------------------------------
def test_a_loss_that_is_not_finite_stops_before_anything_changes():
    X, Y = np.full((8, 1), 1e15, "float32"), np.ones((8, 1), "float32")
    net = cmlp.Network([1, 1], loss="squared_error", init="zeros", bias=False)
    message = r"loss.*epoch 1, step 2.*1e\+10.*SGD"
    with pytest.raises(cmlp.DivergenceError, match=message):
        net.fit(X, Y, optimizer=cmlp.SGD(1e10), batch_size=2, epochs=1000)
    assert_allclose(net.theta, [1e25])
    assert net._optimizer_state.cursor.t == 1


@pytest.mark.parametrize("batch_size", [2, 4, 8])
def test_an_update_that_is_not_finite_is_taken_back(batch_size):
    """Weights of the samples grow until the gradient overflows while every loss is still finite."""
    X = np.full((8, 1), 1e30, "float32")
    Y = np.zeros((8, 1), "float32")
    net = cmlp.Network([1, 1, 1], "identity", "absolute_error", bias=False, init=[[[1e-33]], [[1e20]]])
    start = net.copy()
    with pytest.raises(cmlp.DivergenceError, match=r"update.*epoch 1, step 1.*SGD"):
        net.fit(X, Y, optimizer=cmlp.SGD(1.0), batch_size=batch_size, epochs=50)
    assert_array_equal(net.theta, start.theta)
    assert net._optimizer_state.cursor.t == 0


def test_the_steps_before_a_bad_update_are_kept():
    """The third step meets the only sample whose gradient overflows; parameters and memory are those after two."""
    X, Y = np.array([[1.0], [2.0], [1e200], [1.0]]), np.zeros((4, 1))
    settings = {"optimizer": cmlp.Momentum(1e-300), "batch_size": 1, "shuffle": False, "epochs": 9, "ema_decay": 0.5}

    def network():
        init = [[[1e-300]], [[1e150]]]
        return cmlp.Network([1, 1, 1], "identity", "absolute_error", bias=False, init=init, dtype="float64")

    net, expected = network(), network()
    with pytest.raises(cmlp.DivergenceError, match=r"update.*epoch 1, step 3"):
        net.fit(X, Y, **settings)
    expected.fit(X[:2], Y[:2], **(settings | {"epochs": 1}))
    assert_array_equal(net.theta, expected.theta)
    assert_array_equal(net._optimizer_state.slots, expected._optimizer_state.slots)
    assert_array_equal(net.ema, expected.ema)
    assert net._optimizer_state.cursor.t == 2


# --- interruption ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sizes", "n_samples", "batch_size"),
    [([4, 8, 3], 200, 16), ([500, 600, 3], 3000, 500), ([60, 500, 3], 20_000, None)],
    ids=["small steps", "long steps", "chunks"],
)
def test_an_interrupt_keeps_the_last_whole_step(sizes, n_samples, batch_size, alarm, rng):
    class Begun(cmlp.callbacks.Callback):
        def on_epoch_begin(self, training):
            if not len(training.history):
                alarm(0.02)

    X, y = rng.normal(size=(n_samples, sizes[0])).astype("float32"), rng.integers(0, 3, n_samples)
    net = cmlp.Network(sizes)
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, optimizer=cmlp.Adam(1e-4), batch_size=batch_size, epochs=10**9, callbacks=[Begun()])
    assert net.history.stopped == "interrupted"
    t = net._optimizer_state.cursor.t
    steps_per_epoch = -(-n_samples // (batch_size or n_samples))
    same = cmlp.Network(sizes)
    if t // steps_per_epoch:
        same.fit(X, y, optimizer=cmlp.Adam(1e-4), batch_size=batch_size, epochs=t // steps_per_epoch)
    assert same._optimizer_state is None or same._optimizer_state.cursor.t == t - t % steps_per_epoch
    if t % steps_per_epoch == 0:
        assert_array_equal(net.theta, same.theta)
    net.fit(X[:50], y[:50], epochs=1)


def test_an_exception_in_the_report_leaves_a_usable_network(rng):
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    net = cmlp.Network([4, 6, 3])

    def report(history, epochs):
        if len(history) == 3:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        net.fit(X, y, epochs=10, verbose=report)
    assert len(net.history) == 3
    assert len(net.fit(X, y, epochs=2)) == 2


# --- what training shows --------------------------------------------------------------------------------------
def test_verbose_prints_every_so_many_epochs(capsys, rng):
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    cmlp.Network([4, 6, 3]).fit(X, y, epochs=2500, verbose=1000, batch_size=None)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1000/2500", "epoch 2000/2500", "epoch 2500/2500"]
    cmlp.Network([4, 6, 3]).fit(X, y, epochs=2, verbose=1, validation_data=(X, y))
    assert "val_score" in capsys.readouterr().out
    cmlp.Network([4, 6, 3]).fit(X, y, epochs=2)
    assert capsys.readouterr().out == ""


def test_history(rng):
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    history = cmlp.Network([4, 6, 3]).fit(X, y, epochs=7, optimizer=cmlp.Adam(0.02))
    columns = history.to_dict()
    assert list(columns) == ["epoch", "loss", "largest_change", "learning_rate", "time"]
    assert all(len(column) == 7 for column in columns.values())
    assert columns["learning_rate"] == [0.02] * 7
    assert columns["time"] == sorted(columns["time"])
    assert history.stopped == "epochs"
    assert "7 epochs" in repr(history)
    pandas = pytest.importorskip("pandas")
    assert isinstance(history.to_frame(), pandas.DataFrame)


def test_it_learns_the_bundled_digits():
    X, y, X_test, y_test = datasets.load_digits(split=True)
    net = cmlp.Network([64, 64, 10], input_scale=1 / 16)
    net.fit(X, y, optimizer=cmlp.Adam(0.003), batch_size=32, epochs=30)
    assert net.score(X_test, y_test) > 0.96
