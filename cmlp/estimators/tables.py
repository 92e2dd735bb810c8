"""Inputs made ready by scikit-learn's transformers: scaling, one-hot columns, missing numbers."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_feature_names, _check_n_features, _num_samples

from cmlp import validation

KINDS = {"dtype": "numeric"}  # any numbers, as they are: the core converts them batch by batch
MOST_QUANTILES = 1000


def n_rows(X) -> int:
    return _num_samples(X)


def rows_of(X, rows):
    return _safe_indexing(X, rows)


def check_dense(X) -> None:
    if hasattr(X, "tocsr"):
        raise TypeError("scale, categorical_features and impute need a dense X: scale a sparse one with MaxAbsScaler before")


def check_names(estimator, X, reset: bool) -> None:
    """Number and names of the columns, kept or compared."""
    _check_feature_names(estimator, X, reset=reset)
    _check_n_features(estimator, X if hasattr(X, "shape") else np.asarray(X), reset=reset)


def preprocessor(X, scale: str | None, categorical_features, impute: bool) -> ColumnTransformer:
    """Numeric columns filled and scaled, the others one-hot."""
    categorical = _categorical(X, categorical_features)
    numeric = [column for column in _columns(X) if column not in set(categorical)]
    _check_numbers(X, numeric, impute)
    steps: list = [SimpleImputer(strategy="median", add_indicator=True)] if impute else []
    if scale is not None:
        validation.check_name("scale", scale, ("standard", "quantile"))
        n_quantiles = max(2, min(MOST_QUANTILES, n_rows(X)))
        quantile = QuantileTransformer(n_quantiles=n_quantiles, output_distribution="normal", random_state=0)
        steps.append(StandardScaler() if scale == "standard" else quantile)
    transformers: list[tuple] = [("numeric", make_pipeline(*steps) if steps else "passthrough", numeric)] if numeric else []
    if categorical:
        transformers.append(("categorical", OneHotEncoder(handle_unknown="ignore", sparse_output=False), categorical))
    return ColumnTransformer(transformers)


def transform(transformers: ColumnTransformer, X, impute: bool):
    """The matrix that the network sees."""
    for name, _, columns in transformers.transformers_:
        if name == "numeric":
            _check_numbers(X, columns, impute)
    return np.asarray(transformers.transform(X), dtype=np.float64)


def _columns(X) -> list:
    """Names where there are any, else numbers."""
    names = getattr(X, "columns", None)
    return list(names) if names is not None else list(range(np.shape(X)[1]))


def _categorical(X, given) -> list:
    if given is None:
        return []
    if isinstance(given, str):
        if given != "from_dtype":
            raise ValueError(f"categorical_features must be 'from_dtype' or a list of columns; got {given!r}")
        if not hasattr(X, "dtypes"):
            raise ValueError(
                "categorical_features='from_dtype' needs a data frame, whose columns have types; give a list of columns"
            )
        kinds = X.dtypes.items() if hasattr(X.dtypes, "items") else zip(X.columns, X.dtypes)
        return [name for name, kind in kinds if _holds_categories(kind)]
    columns = _columns(X)
    chosen = np.asarray(given)
    if chosen.dtype == bool:
        return [column for column, is_chosen in zip(columns, chosen) if is_chosen]
    wanted = list(given)
    unknown = [column for column in wanted if column not in columns]
    if unknown:
        raise ValueError(f"categorical_features names {unknown[0]!r}, which is no column; there are {columns[:10]}")
    return wanted


def _holds_categories(kind) -> bool:
    """Whether a column of pandas or polars holds text or categories."""
    return str(kind).lower().split("(")[0] in ("category", "object", "string", "str", "categorical", "enum", "utf8")


def _check_numbers(X, columns, impute: bool) -> None:
    """Raise at the first numeric column that holds text or, unless it is filled, a missing number."""
    for column in columns:
        values = np.asarray(X[column] if hasattr(X, "columns") else np.asarray(X)[:, column])
        try:
            numbers = values.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"column {column!r} holds {values.dtype}, not numbers: name it in categorical_features") from None
        missing = np.flatnonzero(~np.isfinite(numbers))
        if len(missing) and not impute:
            raise ValueError(
                f"column {column!r} holds NaN or inf, first in row {missing[0]}: impute=True fills missing numbers"
            )
