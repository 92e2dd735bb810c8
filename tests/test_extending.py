"""A new activation and a new loss by the documented steps alone, in a copy of the sources that is compiled and used."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cmlp

SOURCES = Path(__file__).parents[1]
PACKAGE = Path(cmlp.__file__).parent

# softsign's kin: A = Z / sqrt(1 + Z^2)
ACTIVATION_KERNEL = """

cdef void isru_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = Z / sqrt(1 + Z^2)
    for i in range(n_rows * width):
        A[i] = <floating>(Z[i] / sqrt(1 + <double>Z[i] * Z[i]))


cdef void isru_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef double slope
    # dZ = dA (1 - A^2)^(3/2)
    for i in range(n_rows * width):
        slope = 1 - <double>A[i] * A[i]
        dZ[i] = <floating>(dZ[i] * slope * sqrt(slope))


register_activation("isru", isru_forward[float], isru_forward[double], isru_backward[float], isru_backward[double])
"""
LOSS_KERNEL = """

cdef double quartic(
    const floating* A, const floating* Y, floating* dA, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0, error
    # loss_i = 1/4 sum_j (A_ij - Y_ij)^4
    for i in range(n_rows * width):
        error = <double>A[i] - Y[i]
        total += error * error * error * error / 4
        dA[i] = <floating>(error * error * error * scale)
    return total


register_loss("quartic", quartic[float], quartic[double])
"""
# file, the text in front of which or (with an empty text) at whose end it goes, and what goes there
STEPS = [
    ("src_pyx/cmlp/_activations.pyx", "from cython cimport floating\n", "from libc.math cimport sqrt\n"),
    ("src_pyx/cmlp/_activations.pyx", "", ACTIVATION_KERNEL),
    (
        "cmlp/reference/activations.py",
        "ACTIVATIONS = {\n",
        "def isru(Z, parameter):\n    return Z / np.sqrt(1 + Z**2)\n\n\n"
        "def isru_backward(Z, A, dA, parameter):\n    return dA * (1 - A**2) ** 1.5\n\n\n",
    ),
    ("cmlp/reference/activations.py", '    "softmax": (softmax', '    "isru": (isru, isru_backward),\n'),
    (
        "cmlp/activations.py",
        "CLASSES = (\n",
        'class ISRU(Activation):\n    """``Z / sqrt(1 + Z^2)``."""\n\n    name = "isru"\n    range = (-1, 1)\n'
        "    saturates = True\n\n\n",
    ),
    ("cmlp/activations.py", "    *(Identity, Sign", "    ISRU,\n"),
    (
        "cmlp/convert/onnx_graph.py",
        '    "softmax": lambda g',
        '    "isru": lambda g, Z, layer: g.add("Div", Z, g.add("Sqrt", g.plus(g.add("Mul", Z, Z), 1))),\n',
    ),
    ("cmlp/convert/c_parts.py", '    "sine": "sin', '    "isru": "z / sqrt(1 + z * z)",\n'),
    (
        "cmlp/convert/torch_parts.py",
        '    "softmax": lambda layer',
        '    "isru": lambda layer: Function(lambda z, p: z / (1 + z * z).sqrt()),\n',
    ),
    ("cmlp/convert/torch_import.py", '    "sign": "PyTorch has', '    "isru": "PyTorch has no module of it",\n'),
    ("src_pyx/cmlp/_losses.pyx", "", LOSS_KERNEL),
    (
        "cmlp/reference/losses.py",
        "LOSSES: ",
        "def quartic(A, Y):\n    return ((A - Y) ** 4).sum(axis=1) / 4, (A - Y) ** 3\n\n\n",
    ),
    ("cmlp/reference/losses.py", '    "perceptron": perceptron,\n', '    "quartic": quartic,\n'),
    (
        "cmlp/losses/regression.py",
        "class Poisson(Loss):",
        'class Quartic(Loss):\n    """A quarter of the fourth power of the error, summed over the outputs."""\n\n'
        '    name = "quartic"\n\n\n',
    ),
    ("cmlp/losses/__init__.py", "Poisson, Quantile, SquaredError\n", "Quartic, "),
    ("cmlp/losses/__init__.py", "    *(LogLoss, CrossEntropy", "    Quartic,\n"),
]
BUILD = """
import runpy, sys
import Cython.Build, setuptools

wanted = {"_activations", "_losses"}
name_of = lambda extension: extension.name.rpartition(".")[2]
cythonize, setup = Cython.Build.cythonize, setuptools.setup

def some(extensions, **options):
    translated = {e.name: e for e in cythonize([e for e in extensions if name_of(e) in wanted], **options)}
    return [translated.get(e.name, e) for e in extensions]

def build(ext_modules, **options):
    setup(ext_modules=[e for e in ext_modules if name_of(e) in wanted and f".{LEVEL}." in e.name], **options)

Cython.Build.cythonize, setuptools.setup = some, build
sys.argv = ["setup.py", "-q", "build_ext", "--inplace"]
runpy.run_path("setup.py", run_name="__main__")
"""
USE = """
import numpy as np, cmlp
from cmlp import reference
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(60, 5)), rng.normal(size=(60, 2)) / 4
net = cmlp.Network([5, 9, 7, 2], ["isru", cmlp.activations.ISRU()], "quartic", dtype="float64")
assert cmlp.inspection.check_gradients(net, X[:9], Y[:9]).ok
_, losses, _ = reference.fit(net.layers, X, Y, loss="quartic", loss_values=(), optimizer="sgd", hyper={"learning_rate": 0.1},
                             batch_size=16, epochs=3, seed=net.shuffle_seed)
history = net.fit(X, Y, optimizer=cmlp.SGD(0.1), batch_size=16, epochs=3)
np.testing.assert_allclose(history.loss, losses, rtol=1e-10)
cmlp.save(net, "net.safetensors")
assert (cmlp.load("net.safetensors").predict(X) == net.predict(X)).all()
assert "f_isru" in cmlp.convert.to_c(net)
print("isru" in cmlp.activations.BY_NAME, "quartic" in cmlp.losses.BY_NAME)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the package with a new activation and a new loss, compiled for the instruction set in use."""
    pytest.importorskip("Cython", reason="Cython is not installed")
    pytest.importorskip("setuptools", reason="setuptools is not installed")
    if not (SOURCES / "src_pyx").exists():
        pytest.skip("the sources are not beside these tests")
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    copy = tmp_path_factory.mktemp("extended")
    shutil.copytree(PACKAGE, copy / "cmlp", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(SOURCES / "src_pyx", copy / "src_pyx", ignore=shutil.ignore_patterns("*.c"))
    shutil.copy(SOURCES / "setup.py", copy)
    for name, where, text in STEPS:
        path = copy / name
        before = path.read_text(encoding="utf-8")
        assert before.count(where) == 1 or not where, f"{name}: {where!r} is there {before.count(where)} times"
        path.write_text(before.replace(where, text + where) if where else before + text, encoding="utf-8")
    level = f"_{cmlp.runtime.config.compiled.instruction_set}"
    for compiled in (copy / "cmlp" / level).glob("_activations.*"):
        compiled.unlink()
    run(copy, "-c", BUILD.replace("{LEVEL}", level))
    return copy


def run(folder, *arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_the_documented_steps_are_enough(extended):
    assert run(extended, "-W", "error", "-c", USE).split() == ["True", "True"]


@pytest.mark.slow
def test_the_registries_are_still_whole(extended):
    """The walk over the registries passes in the copy: nothing was forgotten, by the steps or by the test."""
    shutil.copytree(Path(__file__).parent, extended / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        f"import sys; sys.path[:0] = [{str(extended)!r}, 'tests']; import pytest; "
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'tests/test_traits.py']))"
    )
    assert re.search(r"\d+ passed", run(extended, "-c", code))
