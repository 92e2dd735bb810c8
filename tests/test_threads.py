"""The same bits at any number of threads, and what happens around threads."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from common import DTYPES, HIDDEN, HYPER, LOSSES, paired, run_python, slow, targets_for
from numpy.testing import assert_array_equal

import cmlp
from cmlp import _core
from cmlp.runtime import registry, threads
from cmlp.training.profile import Profile

FEW = [2, 3]  # even, odd
MANY = [2, 3, 8, 16]  # more than there are tiles, too


pytestmark = pytest.mark.usefixtures("threads_for_any_work")


def check_equal_bits(make, X, Y, teams=FEW, **settings):
    alone = make()
    history = alone.fit(X, Y, n_threads=1, **settings)
    outputs, cost, (_, dtheta) = alone.forward(X, n_threads=1), alone.cost(X, Y, n_threads=1), alone.gradient(X, Y, n_threads=1)
    for n_threads in teams:
        net = make()
        assert net.fit(X, Y, n_threads=n_threads, **settings).loss == history.loss
        assert_array_equal(net.theta, alone.theta)
        assert_array_equal(net._optimizer_state.slots, alone._optimizer_state.slots)
        assert_array_equal(net.forward(X, n_threads=n_threads), outputs)
        assert net.cost(X, Y, n_threads=n_threads) == cost
        assert_array_equal(net.gradient(X, Y, n_threads=n_threads)[1], dtheta)


@pytest.mark.parametrize(("optimizer", "loss", "dtype"), paired(registry.optimizers, registry.losses))
def test_bits_over_optimizers_and_losses(optimizer, loss, dtype, rng):
    n_outputs = 3 * LOSSES[loss].outputs_per_target
    X, Y = rng.normal(size=(500, 6)).astype(dtype), targets_for(loss, rng, 500, n_outputs, dtype)

    def make():
        return cmlp.Network([6, 20, n_outputs], "tanh", LOSSES[loss], dtype=dtype)

    batch_size = None if optimizer == "rprop" else 300
    check_equal_bits(make, X, Y, optimizer=HYPER[optimizer], batch_size=batch_size, epochs=3)


SIZES = {"by rows": [6, 20, 15, 3], "by layer": [200, 300, 150, 3]}


@pytest.mark.parametrize(
    ("activation", "way", "dtype"),
    [pytest.param(*case, marks=pytest.mark.slow if case[1] == "by layer" else ()) for case in paired(HIDDEN, SIZES)],
)
def test_bits_over_activations(activation, way, dtype, rng):
    sizes = SIZES[way]
    X, Y = rng.normal(size=(400, sizes[0])).astype(dtype), targets_for("cross_entropy", rng, 400, 3, dtype)
    check_equal_bits(lambda: cmlp.Network(sizes, activation, dtype=dtype), X, Y, batch_size=150, epochs=2)


@pytest.mark.parametrize(
    "sizes", [pytest.param([6, 20, 3], id="by rows"), pytest.param([100, 700, 3], id="by layer", marks=pytest.mark.slow)]
)
def test_bits_of_batches_in_chunks(sizes, rng):
    X, Y = rng.normal(size=(10_000, sizes[0])).astype("float32"), targets_for("cross_entropy", rng, 10_000, 3)
    check_equal_bits(lambda: cmlp.Network(sizes, "tanh"), X, Y, MANY, batch_size=None, epochs=2)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", SIZES)
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu", "prelu", "softmax"])
def test_bits_over_kinds_of_activations(activation, way, dtype, rng):
    """Of A, of Z, with slopes, of rows: run by the next test with other kernels."""
    test_bits_over_activations(activation, way, dtype, rng)


@pytest.mark.slow
@pytest.mark.parametrize("instruction_set", ["v2", "v3"])
@pytest.mark.parametrize("kernels", ["Haswell", "SkylakeX"])
def test_bits_with_other_kernels(kernels, instruction_set):
    """The kernels that cmlp and OpenBLAS have for other processors; in v2, BLAS multiplies."""
    if instruction_set not in _core.instruction_sets or (kernels == "SkylakeX" and "v4" not in _core.instruction_sets):
        pytest.skip("this processor cannot run them")
    file = Path(__file__)
    done = run_python(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", file.parents[1] / "pyproject.toml"),
        *("-k", "test_bits_over_kinds_of_activations", file),
        without=["OPENBLAS_L2_SIZE"],
        OPENBLAS_CORETYPE=kernels,
        CMLP_INSTRUCTION_SET=instruction_set,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- of other libraries -----------------------------------------------------------------------------------------
@pytest.mark.slow
def test_omp_num_threads_is_obeyed():
    done = run_python("-c", "from cmlp.runtime import threads; print(threads.available())", OMP_NUM_THREADS="1")
    assert done.stdout.split() == ["1"]


def test_blas_is_left_as_it_was(rng):
    before = [(info["filepath"], info["num_threads"]) for info in threads._controller().info()]
    X, y = rng.normal(size=(500, 200)), rng.integers(0, 3, 500)
    net = cmlp.Network([200, 300, 3])
    with threads.one_blas_thread:
        net.fit(X, y, epochs=1)
        assert all(i["num_threads"] == 1 for i in threads._controller().info() if i["user_api"] == "blas")
    net.forward(X)
    assert [(info["filepath"], info["num_threads"]) for info in threads._controller().info()] == before


# --- the profile -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("sizes", [[6, 20, 3], [200, 300, 150, 3]], ids=["by rows", "by layer"])
def test_a_profile_changes_no_bits(sizes, n_threads, rng, monkeypatch, capfd):
    X, y = rng.normal(size=(1000, sizes[0])).astype("float32"), rng.integers(0, 3, 1000)
    nets = [cmlp.Network(sizes, seed=1) for _ in range(2)]
    nets[0].fit(X, y, batch_size=500, epochs=2, n_threads=n_threads)
    assert capfd.readouterr().err == ""
    monkeypatch.setenv("CMLP_PROFILE", "1")
    report, ticks = Profile.report, []

    def watched(self):
        ticks.append((self.clocks[:, 1 : 1 + len(_core.PARTS)].sum(axis=1), _core.ticks() - self._began[1]))
        report(self)

    monkeypatch.setattr(Profile, "report", watched)
    nets[1].fit(X, y, batch_size=500, epochs=2, n_threads=n_threads)
    assert_array_equal(nets[0].theta, nets[1].theta)
    head, *lines = capfd.readouterr().err.splitlines()
    split = {line.split()[0]: float(line.split()[1]) for line in lines}
    assert head.startswith(f"cmlp: {2 * 2} steps, {n_threads if _core.openmp else 1} threads")
    assert list(split) == [*_core.PARTS, "outside", "total"]
    assert split["products"] > 0
    [(spent, between)] = ticks
    assert (spent > 0).all()
    assert (spent <= between).all(), "no time is counted twice"


# --- beside other threads and processes -------------------------------------------------------------------------
def test_prediction_from_several_threads_at_once(rng):
    X, y = rng.normal(size=(3000, 20)).astype("float32"), rng.integers(0, 3, 3000)
    net = cmlp.Network([20, 40, 3])
    net.fit(X, y, epochs=1)
    expected = [net.forward(X[k:]) for k in range(20)]
    with ThreadPoolExecutor(4) as pool:
        for k, outputs in enumerate(pool.map(lambda k: net.forward(X[k:]), range(20))):
            assert_array_equal(outputs, expected[k])


def test_training_of_two_networks_at_once(rng):
    X, y = rng.normal(size=(2000, 20)).astype("float32"), rng.integers(0, 3, 2000)

    def train(seed):
        net = cmlp.Network([20, 40, 3], seed=seed)
        net.fit(X, y, epochs=5, n_threads=2)
        return net.theta

    one_by_one = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for theta, expected in zip(pool.map(train, range(4)), one_by_one):
            assert_array_equal(theta, expected)


CHILD = """
import multiprocessing, sys
import numpy as np
import cmlp

def train(sender=None):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, 20)).astype("float32"), rng.integers(0, 3, 2000)
    net = cmlp.Network([20, 40, 3])
    net.fit(X, y, epochs=2, n_threads=2)
    return net.theta.tobytes() if sender is None else sender.send(net.theta.tobytes())

if __name__ == "__main__":
    own = train()
    context = multiprocessing.get_context(sys.argv[1])
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=train, args=(sender,))
    child.start()
    sender.close()                     # so that a child that dies is an EOFError here, not an endless wait
    same = receiver.recv() == own
    child.join()
    sys.exit(0 if same else 3)
"""


@pytest.mark.parametrize("method", ["fork", *slow("spawn", "forkserver")])
def test_training_in_a_child_of_a_process_that_trained(method, tmp_path):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    done = run_python(script, method)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [[50, 20, 3], [100, 700, 3]], ids=["by rows", "by layer"])
@pytest.mark.parametrize("batch_size", [300, *slow(64, None)])
def test_bits_of_inputs_that_are_mostly_zeros(sizes, batch_size, dtype, rng):
    """Batches on both sides of the density below which zeros are skipped, in place and gathered."""
    n = 5000 if batch_size is None else 1000
    X = rng.normal(size=(n, sizes[0])) * (rng.random((n, sizes[0])) < rng.uniform(0, 0.6, (n, 1)))
    Y = targets_for("cross_entropy", rng, n, 3, dtype)
    check_equal_bits(lambda: cmlp.Network(sizes, "tanh", dtype=dtype), X.astype(dtype), Y, batch_size=batch_size, epochs=1)
