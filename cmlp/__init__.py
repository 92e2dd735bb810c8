"""Multilayer perceptrons on a CPU: compiled, small, exact, and open to the last equation.

The map of the package:

==================  ==============================================================================================
`Network`           a network: fit, predict, forward, score, cost, gradient, step, trace, summary
`MLPClassifier`     networks as scikit-learn's estimators, with `MLPRegressor` (extra ``cmlp[sklearn]``)
`SGD` ... `Adam`    optimizers, frozen sets of hyper-parameters
`losses`            what is made small, likewise; `losses.Custom` for one of your own
`BatchNorm` ...     normalisation of layers, likewise
`schedules`         hyper-parameters as functions of the step
`Penalty`, `Clip`   what holds parameters small, and cuts gradients off
`callbacks`         code that runs between epochs: early stopping, checkpoints, a progress bar, your own
`initializers`      how W and b begin
`registry`          the names of the activations, norms, losses and optimizers that are compiled in
`layers`            the two tables that describe the flat buffers, and views of them
`datasets`          readers for IDX and CSV files, generators, a bundled set of handwritten digits
`inspection`        gradient check, diagnosis, hidden activations, range test of the learning rate
`reference`         the same computations in plain NumPy, one line per equation
`save`, `load`      networks and estimators in files, in the safetensors layout
`Model`             a network with what stands before and behind it: what the command line saves, and what is exported
`convert`           ONNX, PyTorch, C and NumPy arrays, and back
`show_config`       what this installation consists of
==================  ==============================================================================================

Inside: ``network`` owns theta and the engines; ``training`` is the loop over calls of the core; ``samples``, ``targets`` and
``validation`` look at what users give; ``engines`` and ``threads`` keep work spaces and threads; ``_core`` is the door to the
compiled part, whose sources are in ``src_pyx/cmlp``.
"""

import importlib
import importlib.util

if importlib.util.find_spec("cmlp._core") is None:
    raise ImportError(
        f"{__path__[0]} holds the sources of cmlp without its compiled core: install it (pip install .), and start Python in "
        "another folder than this one, or with -P"
    )

from cmlp import callbacks, initializers, layers, losses, registry, schedules
from cmlp.config import show_config
from cmlp.model import Model
from cmlp.network import Network
from cmlp.norms import BatchNorm, LayerNorm
from cmlp.optimizers import (
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    AMSGrad,
    Lion,
    Momentum,
    NAdam,
    Nesterov,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
)
from cmlp.rules import Clip, Penalty
from cmlp.trace import Trace
from cmlp.training import DivergenceError, History
from cmlp.version import __version__ as __version__

__all__ = [
    "LBFGS",
    "SGD",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
    "Clip",
    "DamagedFileError",
    "DivergenceError",
    "History",
    "LayerNorm",
    "Lion",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Network",
    "Optimizer",
    "Penalty",
    "RAdam",
    "RMSprop",
    "Rprop",
    "Trace",
    "callbacks",
    "convert",
    "datasets",
    "initializers",
    "inspection",
    "layers",
    "load",
    "load_model",
    "losses",
    "reference",
    "registry",
    "save",
    "schedules",
    "show_config",
]


def __getattr__(name: str):
    """Parts that few programs need are loaded on first use (PEP 562)."""
    if name in ("convert", "datasets", "inspection", "reference"):
        return importlib.import_module(f"cmlp.{name}")
    if name in ("DamagedFileError", "load", "load_model", "save"):
        return getattr(importlib.import_module("cmlp.persistence"), name)
    if name in ("MLPClassifier", "MLPRegressor"):
        return getattr(importlib.import_module("cmlp.estimators"), name)
    raise AttributeError(f"module 'cmlp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
