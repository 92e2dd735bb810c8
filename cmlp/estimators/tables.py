"""Inputs made ready by scikit-learn's transformers: scaling, one-hot columns, missing numbers."""

import re

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


def as_table(X):
    """A frame or an array as it is, lists as an array."""
    if hasattr(X, "tocsr"):
        raise TypeError("scale, categorical_features and impute need a dense X: scale a sparse one with MaxAbsScaler before")
    return X if hasattr(X, "shape") else np.asarray(X)


def check_names(estimator, X, reset: bool) -> None:
    """Number and names of the columns, kept or compared."""
    _check_feature_names(estimator, X, reset=reset)
    _check_n_features(estimator, X if hasattr(X, "shape") else np.asarray(X), reset=reset)


def preprocessor(X, scale: str | None, categorical_features, impute: bool) -> ColumnTransformer:
    """Numeric columns filled and scaled, the others one-hot; columns by their places."""
    categorical = _categorical(X, categorical_features)
    numeric = [place for place in range(len(_columns(X))) if place not in set(categorical)]
    _check_numbers(X, numeric, impute)
    if scale is not None:
        validation.check_name("scale", scale, ("standard", "quantile"))
    return transformers(numeric, categorical, scale, impute, max(2, min(MOST_QUANTILES, n_rows(X))))


def transformers(numeric: list[int], categorical: list[int], scale: str | None, impute: bool, n_quantiles: int):
    """They before they are fitted."""
    steps: list = [SimpleImputer(strategy="median", add_indicator=True)] if impute else []
    if scale == "standard":
        steps.append(StandardScaler())
    elif scale == "quantile":
        steps.append(QuantileTransformer(n_quantiles=n_quantiles, output_distribution="normal", random_state=0))
    each: list[tuple] = [("numeric", make_pipeline(*steps) if steps else "passthrough", numeric)] if numeric else []
    if categorical:
        each.append(("categorical", OneHotEncoder(handle_unknown="ignore", sparse_output=False), categorical))
    return ColumnTransformer(each)


def transform(fitted: ColumnTransformer, X, impute: bool):
    """The matrix that the network sees."""
    for name, _, columns in fitted.transformers_:
        if name == "numeric":
            _check_numbers(X, columns, impute)
    return np.asarray(fitted.transform(X), dtype=np.float64)


def _columns(X) -> list:
    """Names where there are any, else numbers."""
    names = getattr(X, "columns", None)
    return list(names) if names is not None else list(range(np.shape(X)[1]))


def _categorical(X, given) -> list[int]:
    """The places of the columns that hold categories."""
    if given is None:
        return []
    columns = _columns(X)
    if isinstance(given, str):
        if given != "from_dtype":
            raise ValueError(f"categorical_features must be 'from_dtype' or a list of columns; got {given!r}")
        if not hasattr(X, "dtypes"):
            raise ValueError(
                "categorical_features='from_dtype' needs a data frame, whose columns have types; give a list of columns"
            )
        return [place for place, kind in enumerate(X.dtypes) if _holds_categories(kind)]
    chosen = np.asarray(given)
    if chosen.dtype == bool:
        if chosen.shape != (len(columns),):
            raise ValueError(f"categorical_features is a mask of {chosen.size} for {len(columns)} columns")
        return [int(place) for place in np.flatnonzero(chosen)]
    unknown = [column for column in given if column not in columns]
    if unknown:
        raise ValueError(f"categorical_features names {unknown[0]!r}, which is no column; there are {columns[:10]}")
    return [columns.index(column) for column in given]


def _holds_categories(kind) -> bool:
    """Whether a column of pandas or polars holds text or categories."""
    name = re.split(r"[\[(<]", str(kind).lower())[0]
    return name in ("category", "object", "string", "str", "large_string", "dictionary", "categorical", "enum", "utf8")


def _check_numbers(X, places, impute: bool) -> None:
    """Raise at the first numeric column that holds text or, unless it is filled, a missing number."""
    names = _columns(X)
    for place in places:
        values = np.asarray(_safe_indexing(X, place, axis=1))
        try:
            numbers = values.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"column {names[place]!r} holds {values.dtype}, not numbers: name it in categorical_features"
            ) from None
        missing = np.flatnonzero(~np.isfinite(numbers))
        if len(missing) and not impute:
            raise ValueError(
                f"column {names[place]!r} holds NaN or inf, first in row {missing[0]}: impute=True fills missing numbers"
            )
