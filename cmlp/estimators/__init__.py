"""`MLPClassifier` and `MLPRegressor`: networks as scikit-learn's estimators (extra ``cmlp[sklearn]``).

They hold no arithmetic: ``settings`` and ``nested`` turn parameters into what `cmlp.Network` takes, ``inputs`` and ``tables``
check and prepare samples, ``held_out`` has those of validation, ``base`` fits, ``learning`` makes and trains the network,
``warm_start`` says what may change between two fits, ``fitted`` has what a fitted estimator shows, ``assignment`` sets W.
"""

try:
    import sklearn  # noqa: F401
except ImportError:
    raise ImportError("cmlp's estimators need scikit-learn: pip install cmlp[sklearn]; cmlp.Network does without") from None

from cmlp.estimators.classifier import MLPClassifier
from cmlp.estimators.regressor import MLPRegressor
from cmlp.estimators.trusted import TRUSTED_TYPES

__all__ = ["KINDS", "TRUSTED_TYPES", "MLPClassifier", "MLPRegressor"]

KINDS = {kind.saved_as: kind for kind in (MLPClassifier, MLPRegressor)}
