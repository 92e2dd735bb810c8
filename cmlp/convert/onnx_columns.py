"""The preprocessing of columns in ONNX."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cmlp.convert.lookup import check_columns
from cmlp.data.categories import Categories
from cmlp.data.columns import Columns
from cmlp.data.scaling import EDGE, HIGHEST, LOWEST
from cmlp.layers import Array

# The normal quantile function of probabilities from 1e-11 to 1 - 1e-11: Wichura, Algorithm AS 241, Applied Statistics 37 (1988)
CENTRAL = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4)
    + (4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3)
    + (2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)
TAIL = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0)
    + (1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1)
    + (1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)


def prepare(g: Any, columns: Columns, inputs: Sequence[str]) -> str:
    """The matrix that the network takes, in float64, from the inputs: one matrix, or one column each with strings."""
    check_columns(columns, "ONNX")

    def column(place: int) -> str:
        return inputs[place] if columns.have_text else g.add("Gather", inputs[0], whole(g, [place]), axis=1)

    parts = []
    if columns.n_numbers:
        places = [feature.place for feature in columns.features]
        if not columns.have_text:
            numbers = g.add("Gather", inputs[0], whole(g, places), axis=1)
        else:
            numbers = g.add("Concat", *map(column, places), axis=1)
        numbers = calendar(g, columns, numbers)
        parts.append(scaled(g, columns, filled(g, columns, numbers)))
    for place, known in zip(columns.categorical, columns.categories):
        parts.append(one_hot(g, column(place), known))
    return g.add("Concat", *parts, axis=1)


def whole(g: Any, values: Any) -> str:
    return g.constant(values, np.int64)


def real(g: Any, values: Any) -> str:
    return g.constant(values, np.float64)


def calendar(g: Any, columns: Columns, numbers: str) -> str:
    """The parts of dates, from their days since 1970-01-01."""
    if not any(feature.part for feature in columns.features):
        return numbers
    made = []
    for number, feature in enumerate(columns.features):
        value = g.add("Gather", numbers, whole(g, [number]), axis=1)
        made.append(calendar_part(Doubles(g), value, feature.part) if feature.part else value)
    return g.add("Concat", *made, axis=1)


class Doubles:
    """Arithmetic of float64 in a graph; numbers become constants."""

    def __init__(self, g: Any) -> None:
        self.g = g

    def __getattr__(self, operator: str) -> Any:
        return lambda *values: self.g.add(operator, *(v if isinstance(v, str) else real(self.g, v) for v in values))


def calendar_part(o: Doubles, days: str, part: str) -> str:
    """The year, month, day of the week or hour of days since 1970-01-01."""
    date = o.Floor(days)
    if part == "day_of_week":
        since = o.Add(date, 3)
        return o.Sub(since, o.Mul(o.Floor(o.Div(since, 7)), 7))
    if part == "hour":
        hour = o.Floor(o.Div(o.Round(o.Mul(o.Sub(days, date), 86400)), 3600))
        return o.Sub(hour, o.Mul(o.Floor(o.Div(hour, 24)), 24))
    z = o.Add(date, 719468)  # days since 0000-03-01, of the calendar that begins in March
    era = o.Floor(o.Div(z, 146097))
    day = o.Sub(z, o.Mul(era, 146097))
    leaps = o.Sub(o.Sub(o.Floor(o.Div(day, 1460)), o.Floor(o.Div(day, 36524))), o.Neg(o.Floor(o.Div(day, 146096))))
    year = o.Floor(o.Div(o.Sub(day, leaps), 365))
    day = o.Sub(day, o.Sub(o.Add(o.Mul(year, 365), o.Floor(o.Div(year, 4))), o.Floor(o.Div(year, 100))))
    month = o.Floor(o.Div(o.Add(o.Mul(day, 5), 2), 153))
    month = o.Add(month, o.Where(o.Less(month, 10), 3, -9))
    return month if part == "month" else o.Add(o.Add(year, o.Mul(era, 400)), o.Where(o.Less(month, 3), 1, 0))


def filled(g: Any, columns: Columns, numbers: str) -> str:
    """Missing numbers replaced, and the indicators behind them."""
    if columns.fill is None:
        return numbers
    missing = g.add("IsNaN", numbers)
    replaced = g.add("Where", missing, real(g, np.where(np.isfinite(columns.fill), columns.fill, np.nan)), numbers)
    parts = [g.add("Gather", replaced, whole(g, columns.kept), axis=1)] if columns.kept else []
    if columns.indicated:
        parts.append(g.cast(g.add("Gather", missing, whole(g, columns.indicated), axis=1), np.float64))
    return g.add("Concat", *parts, axis=1)


def scaled(g: Any, columns: Columns, numbers: str) -> str:
    numbers = ranked(g, columns, numbers)
    if columns.center is None:
        return numbers
    return g.add("Div", g.add("Sub", numbers, real(g, columns.center)), real(g, columns.scale))


def ranked(g: Any, columns: Columns, numbers: str) -> str:
    """The normal scores of the numbers that have quantiles."""
    if columns.quantiles is None:
        return numbers
    ranks = [
        rank(g, g.add("Gather", numbers, whole(g, [number]), axis=1), quantiles)
        for number, quantiles in zip(columns.ranked, columns.quantiles.T)
    ]
    others = [number for number in range(columns.n_numbers) if number not in set(columns.ranked)]
    parts = [normal_quantile(g, g.add("Concat", *ranks, axis=1))]
    parts += [g.add("Gather", numbers, whole(g, others), axis=1)] if others else []
    order = np.argsort([*columns.ranked, *others])
    return g.add("Gather", g.add("Concat", *parts, axis=1), whole(g, order), axis=1)


def rank(g: Any, v: str, quantiles: Array) -> str:
    """The rank of v (n_samples, 1) among increasing quantiles, from 0 to 1, interpolated; ties get the mean rank."""
    n, q = len(quantiles), real(g, quantiles)
    halves = []
    for operator in ("GreaterOrEqual", "Greater"):
        below = g.add("ReduceSum", g.cast(g.add(operator, v, q), np.int64), whole(g, [1]), keepdims=1)
        place = g.add("Min", g.add("Max", g.add("Sub", below, whole(g, 1)), whole(g, 0)), whole(g, n - 2))
        low, high = g.add("Gather", q, place), g.add("Gather", q, g.add("Add", place, whole(g, 1)))
        part = g.add("Div", g.add("Sub", v, low), g.add("Sub", high, low))
        halves.append(g.add("Add", g.cast(place, np.float64), part))
    mean = g.add("Mul", g.add("Add", *halves), real(g, 0.5 / (n - 1)))
    mean = g.add("Where", g.add("Greater", v, real(g, quantiles[-1] - EDGE)), real(g, 1), mean)
    return g.add("Where", g.add("Less", v, real(g, quantiles[0] + EDGE)), real(g, 0), mean)


def normal_quantile(g: Any, p: str) -> str:
    """The standard normal quantile of probabilities, between `LOWEST` and `HIGHEST`."""
    q = g.add("Sub", p, real(g, 0.5))
    central = g.add("Mul", q, ratio(g, g.add("Sub", real(g, 0.180625), g.add("Mul", q, q)), CENTRAL))
    outer = g.add("Max", g.add("Min", p, g.add("Sub", real(g, 1), p)), real(g, EDGE / 10))
    root = g.add("Sqrt", g.add("Neg", g.add("Log", outer)))
    tail = ratio(g, g.add("Sub", root, real(g, 1.6)), TAIL)
    tail = g.add("Where", g.add("Less", q, real(g, 0)), g.add("Neg", tail), tail)
    z = g.add("Where", g.add("LessOrEqual", g.add("Abs", q), real(g, 0.425)), central, tail)
    return g.add("Max", g.add("Min", z, real(g, HIGHEST)), real(g, LOWEST))


def ratio(g: Any, r: str, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> str:
    """A rational function, both polynomials by Horner's rule."""
    parts = []
    for each in coefficients:
        value = real(g, each[-1])
        for coefficient in reversed(each[:-1]):
            value = g.add("Add", g.add("Mul", value, r), real(g, coefficient))
        parts.append(value)
    return g.add("Div", *parts)


def one_hot(g: Any, column: str, known: Categories) -> str:
    """The one-hot columns of a categorical column; a missing string is the empty string."""
    if known.are_text:
        keys = ["" if level is None else level for level in known.levels]
        if not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
            raise ValueError(f"the categories must be different strings for ONNX, a missing one is '', got {known.levels[:5]}")
        codes = range(len(keys))
        encoder = {"domain": "ai.onnx.ml", "keys_strings": keys, "values_int64s": codes, "default_int64": known.unseen}
        return g.cast(g.add("Equal", g.add("LabelEncoder", column, **encoder), whole(g, [range(known.width)])), np.float64)
    numbers = np.array([np.nan if level is None else level for level in known.levels], np.float64)
    hot = g.add("Equal", column, real(g, [np.nan_to_num(numbers)]))
    if known.has_missing:
        missing = g.add("And", g.constant([np.isnan(numbers)], bool), g.add("IsNaN", column))
        hot = g.add("Or", missing, g.add("And", g.constant([~np.isnan(numbers)], bool), hot))
    hot = g.cast(hot, np.float64)
    if not known.n_infrequent:
        return hot
    rest = g.add("Sub", real(g, 1), g.add("ReduceSum", hot, whole(g, [1]), keepdims=1))
    return g.add("Concat", hot, rest, axis=1)
