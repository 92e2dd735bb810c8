"""`MLPClassifier` and `MLPRegressor`: networks as scikit-learn's estimators (extra ``cmlp[sklearn]``).

They hold no arithmetic: ``settings`` and ``nested`` turn parameters into what `cmlp.Network` takes, ``inputs`` checks and
prepares samples, ``held_out`` has those of validation, ``base`` fits, ``learning`` makes and trains the network,
``warm_start`` says what may change between two fits, ``fitted`` has what a fitted estimator shows, ``assignment`` sets W.
"""

try:
    import sklearn
except ImportError:
    raise ImportError("cmlp's estimators need scikit-learn: pip install cmlp[sklearn]; cmlp.Network does without") from None
if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 6):
    raise ImportError(
        f"cmlp's estimators need scikit-learn 1.6 or newer, got {sklearn.__version__}: pip install -U scikit-learn; "
        "cmlp.Network does without"
    )

from cmlp.estimators.classifier import MLPClassifier
from cmlp.estimators.regressor import MLPRegressor
from cmlp.estimators.trusted import TRUSTED_TYPES

__all__ = ["KINDS", "TRUSTED_TYPES", "MLPClassifier", "MLPRegressor"]

KINDS = {kind.saved_as: kind for kind in (MLPClassifier, MLPRegressor)}
