"""Networks of every kind to be converted, and how what they become is run."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest
from common import LOSSES, ON_OUTPUTS
from networks import SMOOTH_ENOUGH, random_network

import cmlp
from cmlp import activations

N_NETWORKS = 2 * len(SMOOTH_ENOUGH)
# two orders of summation, and other people's exp and tanh, over up to five layers of up to 17 units
BOUND = {"float32": {"rtol": 2e-4, "atol": 2e-5}, "float64": {"rtol": 1e-11, "atol": 1e-12}}

CHANGED = {"leaky_relu": activations.LeakyReLU(0.2), "elu": activations.ELU(0.7), "sine": activations.Sine(1.5)}

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"]


def some_network(seed):
    """A network with everything that networks can have, its statistics and slopes moved from where they begin."""
    rng = np.random.default_rng([seed, 13])
    dtype = str(rng.choice(["float32", "float64"]))
    more = {"dtype": dtype, "input_scale": float(rng.choice([1.0, 0.3]))}
    if rng.random() < 0.2:
        name = str(rng.choice(ON_OUTPUTS))
        outputs = [n for n in SMOOTH_ENOUGH if not activations.BY_NAME[n]().learned]
        more |= {"loss": LOSSES[name], "output": str(rng.choice(outputs))}
    arguments = random_network(rng, **more)
    arguments["activation"][0] = SMOOTH_ENOUGH[seed % len(SMOOTH_ENOUGH)]
    arguments["activation"] = [CHANGED.get(name, name) for name in arguments["activation"]]
    arguments["sizes"][-1] = 3 * arguments["loss"].outputs_per_target
    if arguments["loss"].name == "gaussian":
        arguments.pop("output", None)
    net = cmlp.Network(**arguments)
    for layer in net.layers:
        for block in (layer.b, layer.scale, layer.shift, layer.mean):
            if block is not None:
                block[:] = rng.normal(size=len(block))
        if layer.variance is not None:
            layer.variance[:] = rng.uniform(0.5, 2, len(layer.variance))
    return net, rng.normal(size=(9, net.sizes[0])).astype(dtype)


def compiled(source, folder, dtype="float32", *, name="predict"):
    """A function that calls predict for rows of X."""
    (folder / "net.c").write_text(source)
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", "net.c", "-lm", "-o", "net.so"], cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "net.so"))

    def predict(X, n_outputs, output=None):
        Y = np.empty((len(X), n_outputs), output or X.dtype)
        for x, y in zip(np.ascontiguousarray(X), Y):
            getattr(library, name)(x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p))
        return Y

    predict.library = library
    return predict


def session_of(proto, exact=False):
    """exact: without the rewriting by which onnxruntime draws factors into products, in single precision."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    if exact:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
