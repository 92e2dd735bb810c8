"""scikit-learn's own checks of estimators, in several settings."""

import warnings

import pytest

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

import cmlp

ROUNDING = "weights and repetitions are equal up to rounding in float32; with dtype='float64' this check passes"
BATCHES = "a batch holds other samples where one is repeated than where it has weight two: it passes in full batch"
SATURATED = "a probability of exactly 1 in float64, as scikit-learn's own MLPClassifier(solver='lbfgs')"
EXACT = "it compares the logarithm with that of a probability in float32, which may be 1 where the logarithm is -1e-8"
ONE_ROW = "a product of one row is summed in another order than one of many, which shows in float32"
AGAIN = "it fits twice and expects the second fit to begin anew, which warm_start is there to prevent"
QUANTILES = "quantiles of unweighted rows are interpolated as scikit-learn's, weighted ones come from the distribution function"
CATEGORY = "a missing value is a category of its own"
EQUIVALENCE = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")


def failing(estimator):
    """Name of a check -> why it cannot hold with these settings."""
    if estimator.warm_start:
        return dict.fromkeys(("check_supervised_y_2d", "check_classifiers_multilabel_representation_invariance"), AGAIN)
    if estimator.dtype == "auto" and estimator.solver != "lbfgs":
        reason = ROUNDING if estimator.batch_size == "auto" else BATCHES
        return dict.fromkeys(EQUIVALENCE, reason) | {"check_methods_subset_invariance": ONE_ROW}
    if estimator.scale in ("robust", "quantile"):
        return {"check_sample_weight_equivalence_on_dense_data": QUANTILES}
    if isinstance(estimator.categorical_features, list) and not estimator.impute:
        return {"check_estimators_nan_inf": CATEGORY}
    if estimator.solver == "lbfgs" and isinstance(estimator, cmlp.MLPClassifier):
        return {"check_classifiers_multilabel_output_format_predict_proba": SATURATED, "check_classifiers_train": EXACT}
    return {}


pytestmark = pytest.mark.slow


@parametrize_with_checks(
    [
        cmlp.MLPClassifier(),
        cmlp.MLPRegressor(),
        cmlp.MLPClassifier(dtype="float64"),
        cmlp.MLPRegressor(dtype="float64"),
        cmlp.MLPClassifier(solver="lbfgs", max_iter=50),
        cmlp.MLPRegressor(solver="lbfgs", max_iter=50),
        cmlp.MLPClassifier((8,), "tanh", solver="sgd", learning_rate_init=0.1, warm_start=True, dtype="float64"),
        cmlp.MLPRegressor((8, 8), solver="sgd", learning_rate_init=0.02, warm_start=True, dtype="float64"),
        cmlp.MLPClassifier((30, 30), batch_size=8, norm="layer", dropout=0.1, solver=cmlp.Adam(0.01)),
        cmlp.MLPRegressor((30,), batch_size=8, loss="huber"),
        cmlp.MLPClassifier(dtype="float64", scale="standard"),
        cmlp.MLPClassifier(dtype="float64", scale="robust"),
        cmlp.MLPRegressor(dtype="float64", scale="quantile"),
        cmlp.MLPClassifier(dtype="float64", impute=True),
        cmlp.MLPRegressor(dtype="float64", categorical_features="from_dtype"),
        cmlp.MLPClassifier(dtype="float64", categorical_features=[0]),
        cmlp.MLPRegressor(dtype="float64", scale="standard", impute="mean", categorical_features=[0]),
        cmlp.MLPClassifier(dtype="float64", scale="quantile", impute=True, categorical_features="from_dtype", dates=True),
    ],
    expected_failed_checks=failing,
)
def test_check(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)
