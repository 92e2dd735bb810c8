"""What is to happen to the columns of a table, found by scikit-learn's transformers: scaling, one-hot, missing numbers."""

import re
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_feature_names, _check_n_features, _num_samples

from cmlp import validation
from cmlp.data.columns import Columns, Table
from cmlp.layers import Array

KINDS = {"dtype": "numeric"}  # any numbers, as they are: the core converts them batch by batch
MOST_QUANTILES = 1000


def n_rows(X: Any) -> int:
    return _num_samples(X)


def rows_of(X: Any, rows: Any) -> Any:
    return _safe_indexing(X, rows)


def as_table(X: Any) -> Any:
    """A frame or an array as it is, lists as an array."""
    if hasattr(X, "tocsr"):
        raise TypeError("scale, categorical_features and impute need a dense X: scale a sparse one with MaxAbsScaler first")
    return X if hasattr(X, "shape") else np.asarray(X)


def check_names(estimator: Any, X: Any, reset: bool) -> None:
    """Number and names of the columns, kept or compared."""
    _check_feature_names(estimator, X, reset=reset)
    _check_n_features(estimator, X if hasattr(X, "shape") else np.asarray(X), reset=reset)


def fit_columns(X: Any, names: list[str] | None, scale: str | None, categorical_features: Any, impute: bool) -> Columns:
    """What is to happen to each column: numeric ones filled and scaled, the others one-hot."""
    places = range(len(_columns(X)))
    categorical = _categorical(X, categorical_features)
    numeric = [place for place in places if place not in set(categorical)]
    _check_numbers(X, numeric, impute)
    if scale is not None:
        validation.check_name("scale", scale, ("standard", "quantile"))
    steps = _steps(scale, impute, max(2, min(MOST_QUANTILES, n_rows(X))))
    each: list[tuple] = [("numeric", make_pipeline(*steps) if steps else "passthrough", numeric)] if numeric else []
    if categorical:
        each.append(("categorical", OneHotEncoder(handle_unknown="ignore", sparse_output=False), categorical))
    fitted = ColumnTransformer(each).fit(X).named_transformers_
    parts: dict[str, Any] = {"numeric": numeric, "categorical": categorical}
    if categorical:
        parts["categories"] = list(fitted["categorical"].categories_)
    for step in fitted["numeric"].named_steps.values() if steps and numeric else ():
        parts |= _parts_of(step)
    return Columns(len(places), names, **parts)


def _steps(scale: str | None, impute: bool, n_quantiles: int) -> list[Any]:
    steps: list[Any] = [SimpleImputer(strategy="median", add_indicator=True)] if impute else []
    if scale == "standard":
        steps.append(StandardScaler())
    elif scale == "quantile":
        steps.append(QuantileTransformer(n_quantiles=n_quantiles, output_distribution="normal", random_state=0))
    return steps


def _parts_of(step: Any) -> dict[str, Any]:
    """What a fitted transformer has found, as `Columns` names it."""
    if isinstance(step, StandardScaler):
        return {"center": step.mean_, "scale": step.scale_}
    if isinstance(step, QuantileTransformer):
        return {"quantiles": step.quantiles_}
    return {"fill": step.statistics_, "indicated": [int(place) for place in step.indicator_.features_]}


def transform(columns: Columns, X: Any) -> Array:
    """The matrix that the network sees, of a table whose columns have been checked."""
    _check_numbers(X, columns.numeric, columns.fill is not None)
    return columns.transform(Table(np.asarray(_safe_indexing(X, place, axis=1)) for place in range(columns.n_columns)))


def _columns(X: Any) -> list[Any]:
    """Names where there are any, else numbers."""
    names = getattr(X, "columns", None)
    return list(names) if names is not None else list(range(np.shape(X)[1]))


def _categorical(X: Any, given: Any) -> list[int]:
    """The places of the columns that hold categories."""
    if given is None:
        return []
    columns = _columns(X)
    if isinstance(given, str):
        if given != "from_dtype":
            raise ValueError(f"categorical_features must be 'from_dtype' or a list of columns, got {given!r}")
        if not hasattr(X, "dtypes"):
            raise ValueError(
                "categorical_features='from_dtype' needs a data frame, whose columns have dtypes: give a list of columns"
            )
        return [place for place, kind in enumerate(X.dtypes) if _holds_categories(kind)]
    chosen = np.asarray(given)
    if chosen.dtype == bool:
        if chosen.shape != (len(columns),):
            raise ValueError(f"categorical_features is a mask of {chosen.size} for {len(columns)} columns")
        return [int(place) for place in np.flatnonzero(chosen)]
    unknown = [column for column in given if column not in columns]
    if unknown:
        raise ValueError(f"categorical_features names {unknown[0]!r}, which is not a column; there are {columns[:10]}")
    return [columns.index(column) for column in given]


def _holds_categories(kind: Any) -> bool:
    """Whether a column of pandas or polars holds text or categories."""
    name = re.split(r"[\[(<]", str(kind).lower())[0]
    return name in ("category", "object", "string", "str", "large_string", "dictionary", "categorical", "enum", "utf8")


def _check_numbers(X: Any, places: Any, impute: bool) -> None:
    """Raise at the first numeric column that holds text or, unless it is filled, a missing number."""
    names = _columns(X)
    for place in places:
        values = np.asarray(_safe_indexing(X, place, axis=1))
        try:
            numbers = values.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"column {names[place]!r} must hold numbers, got {values.dtype}: name it in categorical_features"
            ) from None
        missing = np.flatnonzero(~np.isfinite(numbers))
        if len(missing) and not impute:
            raise ValueError(
                f"column {names[place]!r} must be finite, got NaN or inf in row {missing[0]}: impute=True fills missing numbers"
            )
