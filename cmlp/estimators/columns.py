"""scikit-learn's fitted transformers as `cmlp.columns.Columns`, which files and other formats can hold, and back."""

import warnings

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from cmlp.columns import Columns
from cmlp.estimators import tables

MOST_CELLS = 20_000_000  # of the table by which transformers are made again


def columns_of(transformers: ColumnTransformer, n_columns: int, names: list[str] | None) -> Columns:
    """What fitted transformers do to each column."""
    parts: dict = {}
    for name, fitted, places in transformers.transformers_:
        if name == "categorical":
            parts |= {"categorical": [int(place) for place in places], "categories": list(fitted.categories_)}
        elif name == "numeric":
            parts["numeric"] = [int(place) for place in places]
            for step in fitted.named_steps.values() if isinstance(fitted, Pipeline) else []:
                parts |= _parts_of(step)
    return Columns(n_columns, names, **parts)


def _parts_of(step) -> dict:
    if isinstance(step, StandardScaler):
        return {"center": step.mean_, "scale": step.scale_}
    if isinstance(step, QuantileTransformer):
        return {"quantiles": step.quantiles_}
    return {"fill": step.statistics_, "indicated": [int(place) for place in step.indicator_.features_]}


def transformers_of(columns: Columns) -> ColumnTransformer:
    """Transformers that do the same: fitted to a few rows that leave them the right state, then given the exact numbers."""
    scale = "standard" if columns.scale is not None else "quantile" if columns.quantiles is not None else None
    n_quantiles = 2 if columns.quantiles is None else len(columns.quantiles)
    transformers = tables.transformers(columns.numeric, columns.categorical, scale, columns.fill is not None, n_quantiles)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a column of which nothing is known is left out here as it was there
        transformers.fit(_rows(columns))
    for name, fitted, places in transformers.transformers_:
        steps = list(fitted.named_steps.values()) if isinstance(fitted, Pipeline) else [fitted]
        if name == "categorical":
            fitted.categories_ = columns.categories
        for step in steps if name == "numeric" else []:
            if columns.scale is not None and isinstance(step, StandardScaler):
                step.mean_, step.scale_, step.var_ = columns.center, columns.scale, columns.scale**2
            elif isinstance(step, QuantileTransformer):
                step.quantiles_, step.n_quantiles_ = columns.quantiles, n_quantiles
                step.references_ = np.linspace(0, 1, n_quantiles)
        if columns.names and name in ("numeric", "categorical"):
            steps[0].feature_names_in_ = np.array([columns.names[place] for place in places], dtype=object)
    if columns.names:
        transformers.feature_names_in_ = np.array(columns.names, dtype=object)
    return transformers


def _rows(columns: Columns) -> np.ndarray:
    """Numbers whose median is what fills, missing where they were indicated, and every category."""
    n_rows = max([3, *map(len, columns.categories)])
    if n_rows * columns.n_columns > MOST_CELLS:
        raise ValueError(f"{columns.n_columns:,} columns and up to {n_rows:,} categories are more than can be made again")
    rows = np.zeros((n_rows, columns.n_columns), dtype=object)
    for i, place in enumerate(columns.numeric):
        rows[:, place] = 0.0 if columns.fill is None else float(columns.fill[i])
        if i in columns.indicated:
            rows[0, place] = np.nan
    for place, known in zip(columns.categorical, columns.categories):
        rows[:, place] = [known[row % len(known)] for row in range(n_rows)]
    return rows
