"""The types that a fitted estimator consists of, for formats that ask which ones to trust."""

from cmlp import activations, initializers, losses, norms, schedules
from cmlp.architecture import Architecture
from cmlp.data import Categories, Columns
from cmlp.data.columns import Feature
from cmlp.data.targets import Targets
from cmlp.estimators.classifier import MLPClassifier
from cmlp.estimators.regressor import MLPRegressor
from cmlp.network import Network
from cmlp.optimizers import CLASSES, LBFGS, AdamW
from cmlp.regularization import Regularization
from cmlp.training.history import Ending, History
from cmlp.training.stopping import Stopping


def _is_schedule(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, schedules.Schedule)


_KINDS: list[type] = [
    *(
        MLPClassifier,
        MLPRegressor,
        Network,
        Architecture,
        Targets,
        Columns,
        Categories,
        Feature,
        History,
        Ending,
        Regularization,
        Stopping,
    ),
    *(Columns, Categories, Feature),
    *activations.CLASSES,
    *initializers.CLASSES,
    *losses.CLASSES,
    *norms.CLASSES,
    *(AdamW, LBFGS, *CLASSES),
    *({kind for kind in vars(schedules).values() if _is_schedule(kind)} - {schedules.Function}),
]
TRUSTED_TYPES = sorted({f"{kind.__module__}.{kind.__qualname__}" for kind in _KINDS} | {"numpy.dtype"})
"""For ``skops.io.load(trusted=)`` and mlflow's ``skops_trusted_types``: all but callbacks and objects with Python functions."""
