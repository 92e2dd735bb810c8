"""Statistics of numeric features for imputation and scaling, with sample weights, in float64."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from cmlp.layers import Array

MOST_QUANTILES = 1000
EDGE = 1e-7  # values this close to the outermost quantiles are equal to them: scikit-learn's BOUNDS_THRESHOLD
LOWEST, HIGHEST = (float(ndtri(place)) for place in (EDGE - np.spacing(1), 1 - (EDGE - np.spacing(1))))  # normal scores


class Scale(NamedTuple):
    """``(x - center) / width``."""

    center: float
    width: float


def of_weight(weight: Array) -> tuple[Array | slice, Array | None]:
    """The rows whose weight is not 0, and their weights; None if all of these are equal."""
    rows = slice(None) if weight.all() else np.flatnonzero(weight)
    weight = weight[rows]
    return rows, None if weight.min() == weight.max() else weight


def mean(values: Array, weight: Array | None) -> float:
    return float(np.average(values, weights=weight))


def quantile(values: Array, places: float | Array, weight: Array | None) -> Array:
    """Quantiles: interpolated linearly; with weights, those of the weighted distribution function, which no split of a weight
    among equal rows changes."""
    if weight is None:
        return np.asarray(np.percentile(values, 100 * places))  # rounded as scikit-learn does
    return np.asarray(np.quantile(values, places, weights=weight, method="inverted_cdf"))


def standard(values: Array, weight: Array | None) -> Scale:
    """Mean and standard deviation; 1 instead of it for a constant feature.

    Raises
    ------
    FloatingPointError
        If the standard deviation overflows or underflows.
    """
    if values.min() == values.max():
        return Scale(float(values[0]), 1.0)
    with np.errstate(over="raise", under="ignore"):
        center = mean(values, weight)
        deviation = float(np.sqrt(np.average((values - center) ** 2, weights=weight)))
    if not deviation or not np.isfinite(deviation):
        raise FloatingPointError
    return Scale(center, deviation)


def standard_columns(values: Array, weight: Array | None, name: str) -> tuple[Array, Array]:
    """Means and standard deviations of the columns of a matrix; name: in errors.

    Raises
    ------
    ValueError
        If a standard deviation is not finite, or underflows.
    """
    rows, weight = (slice(None), None) if weight is None else of_weight(weight)
    try:
        each = [standard(column[rows], weight) for column in values.T.astype(np.float64)]
    except FloatingPointError:
        raise ValueError(f"{name} must have a finite standard deviation that does not underflow: rescale it") from None
    return np.array([scale.center for scale in each]), np.array([scale.width for scale in each])


def robust(values: Array, weight: Array | None) -> Scale:
    """Median and interquartile range; 1 instead of it where it is 0."""
    low, median, high = quantile(values, np.array([0.25, 0.5, 0.75]), weight).tolist()
    if not np.isfinite(high - low):
        raise FloatingPointError
    return Scale(median, (high - low) or 1.0)


def ranks(values: Array, weight: Array | None) -> Array:
    """The quantiles among which `scores` finds the ranks of values."""
    n = max(2, min(MOST_QUANTILES, len(values)))
    return np.maximum.accumulate(quantile(values, np.linspace(0, 1, n), weight))


def scores(values: Array, quantiles: Array) -> Array:
    """Standard normal quantiles of the ranks of values among quantiles; ties get the mean rank."""
    levels = np.linspace(0, 1, len(quantiles))
    below, above = values - EDGE < quantiles[0], values + EDGE > quantiles[-1]
    places = np.interp(values, quantiles, levels) - np.interp(-values, -quantiles[::-1], -levels[::-1])
    places = np.where(below, 0, np.where(above, 1, places / 2))
    return np.clip(ndtri(places), LOWEST, HIGHEST)
