"""Multilayer perceptrons on a CPU: a compiled core, scikit-learn's estimators, and every intermediate of backpropagation.

The map of the package:

==================  ==============================================================================================
`Network`           a network: fit, predict, predict_proba, logits, forward, score, cost, gradient, step, trace
`MLPClassifier`     networks as scikit-learn's estimators, with `MLPRegressor` (extra ``cmlp[sklearn]``)
`activations`       activation functions, by name or as instances with their parameters
`losses`            losses, likewise; `losses.Custom` for one of your own
`BatchNorm` ...     normalization of layers, likewise
`SGD` ... `Adam`    optimizers, frozen sets of hyperparameters
`schedules`         learning rate schedules, and schedules of other hyperparameters
`Regularization`    L1 and L2 penalties, weight decay, max-norm constraint
`Stopping`          early stopping
`callbacks`         code that runs between epochs: checkpoints, a progress bar, your own
`initializers`      initial values of W and b
`layers`            the two tables that describe the flat buffers, and views of them
`datasets`          readers for IDX and CSV files, generators, a bundled set of handwritten digits
`data`              preprocessing of the columns of a table
`inspection`        gradient check, diagnosis, hidden activations, learning rate range test, pictures
`reference`         the same computations in plain NumPy, one line per equation
`save`, `load`      networks and estimators in files, in the safetensors layout
`Model`             a network with its preprocessing: what the command line saves, and what is exported
`convert`           ONNX, PyTorch, C and NumPy arrays, and back
`show_config`       what this installation consists of
==================  ==============================================================================================

Inside: ``network`` owns theta and the engines; ``training`` is the loop over calls of the core; ``data`` and ``validation``
look at what users give; ``runtime`` is the only room that imports the compiled part, whose sources are in ``src_pyx/cmlp``.
docs/design/architecture shows who imports whom.
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if importlib.util.find_spec("cmlp._core") is None:
    raise ImportError(
        f"{__path__[0]} holds the sources of cmlp without its compiled core: install it (pip install .), and start Python in "
        "another folder than this one, or with -P"
    )

from cmlp import activations, callbacks, data, initializers, layers, losses, schedules
from cmlp.model import Model, register_pipelines
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
from cmlp.persistence import DamagedFileError, load, load_model, save
from cmlp.persistence.estimators import register_estimators
from cmlp.regularization import Regularization
from cmlp.runtime.config import show_config
from cmlp.trace import Trace
from cmlp.training.history import DivergenceError, History
from cmlp.training.stopping import Stopping
from cmlp.version import __version__

if TYPE_CHECKING:
    from cmlp import convert, datasets, inspection, reference
    from cmlp.estimators import MLPClassifier, MLPRegressor

__all__ = [
    "LBFGS",
    "SGD",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
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
    "RAdam",
    "RMSprop",
    "Regularization",
    "Rprop",
    "Stopping",
    "Trace",
    "__version__",
    "activations",
    "callbacks",
    "convert",
    "data",
    "datasets",
    "initializers",
    "inspection",
    "layers",
    "load",
    "load_model",
    "losses",
    "reference",
    "save",
    "schedules",
    "show_config",
]

register_estimators(lambda: importlib.import_module("cmlp.estimators").KINDS)
register_pipelines(lambda pipeline: importlib.import_module("cmlp.convert.pipelines").model_of(pipeline))


def __getattr__(name: str) -> Any:
    """Parts that few programs need are loaded on first use (PEP 562)."""
    if name in ("convert", "datasets", "inspection", "reference"):
        return importlib.import_module(f"cmlp.{name}")
    if name in ("MLPClassifier", "MLPRegressor"):
        return getattr(importlib.import_module("cmlp.estimators"), name)
    raise AttributeError(f"module 'cmlp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
