"""What each step of a scikit-learn pipeline makes of the columns before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from cmlp.data.categories import Label, canonical
from cmlp.data.kinds import is_missing
from cmlp.data.scaling import scores
from cmlp.layers import Array


@dataclass(frozen=True)
class Raw:
    """A column of the table; fill: what replaces missing cells."""

    place: int
    fill: Any = None


@dataclass(frozen=True, eq=False)
class Number:
    """``(x - center) / scale`` of a column, missing cells replaced, x perhaps its normal score among quantiles."""

    place: int
    fill: float | None = None
    center: float = 0.0
    scale: float = 1.0
    quantiles: Array | None = None


@dataclass(frozen=True)
class Indicator:
    """``(x - center) / scale`` of 1 where a column is missing, else 0."""

    place: int
    center: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Coded:
    """A number for each level of a column, and one for unseen levels; refuses: whether these are refused."""

    place: int
    levels: tuple[Label, ...]
    values: Mapping[Label, float]
    unseen: float = 0.0
    refuses: bool = False

    def value(self, level: Label) -> float:
        return self.values.get(level, self.unseen)

    def mapped(self, function: Callable[[float], float]) -> "Coded":
        values = {level: function(value) for level, value in self.values.items()}
        return replace(self, values=values, unseen=function(self.unseen))


Output = Raw | Number | Indicator | Coded


def apply(step: Any, outputs: list[Output], name: str) -> list[Output]:
    """The columns that a fitted step makes.

    Parameters
    ----------
    step : transformer, "passthrough" or None
    outputs : list of Output
        The columns that it gets.
    name : str
        Of the step, for messages.

    Raises
    ------
    ValueError
        If it cannot be expressed.
    """
    if step is None or isinstance(step, str):
        return [] if step == "drop" else outputs
    kind = next((each.__name__ for each in type(step).__mro__ if each.__name__ in STEPS), None)
    if kind is None and hasattr(step, "get_support"):
        return [outputs[k] for k in step.get_support(indices=True)]
    if kind is None:
        refuse(name, step, "has no equivalent in cmlp.data.Columns; cmlp.convert.register_skl2onnx() leaves it to skl2onnx")
    return STEPS[kind](step, outputs, name)


def refuse(name: str, step: Any, problem: str) -> NoReturn:
    raise ValueError(f"step {name!r} of the pipeline, a {type(step).__name__}, {problem}")


# --- steps of steps ---------------------------------------------------------------------------------------------------------
def _pipeline(step: Any, outputs: list[Output], name: str) -> list[Output]:
    for inner, each in step.steps:
        outputs = apply(each, outputs, f"{name}: {inner}")
    return outputs


def _column_transformer(step: Any, outputs: list[Output], name: str) -> list[Output]:
    known = list(getattr(step, "feature_names_in_", ()))
    made: list[Output] = []
    for inner, each, columns in step.transformers_:
        made += apply(each, [outputs[k] for k in indices(columns, known, len(outputs))], f"{name}: {inner}")
    return made


def indices(columns: Any, known: list[Any], n: int) -> list[int]:
    """The indices of the columns that a ColumnTransformer names: one or several names or indices, a slice or a mask."""
    if isinstance(columns, slice):
        start, stop = (known.index(end) if isinstance(end, str) else end for end in (columns.start, columns.stop))
        stop = stop + 1 if isinstance(columns.stop, str) else stop
        return list(range(n))[slice(start, stop, columns.step)]
    each = [columns] if isinstance(columns, (str, int)) else list(columns)
    if each and all(isinstance(item, (bool, np.bool_)) for item in each):
        return np.flatnonzero(each).tolist()
    return [known.index(item) if isinstance(item, str) else range(n)[item] for item in each]


def _union(step: Any, outputs: list[Output], name: str) -> list[Output]:
    return [made for inner, each in step.transformer_list for made in apply(each, list(outputs), f"{name}: {inner}")]


def _function(step: Any, outputs: list[Output], name: str) -> list[Output]:
    if step.func is not None:
        refuse(name, step, "calls a Python function, which no file holds")
    return outputs


# --- scaling ----------------------------------------------------------------------------------------------------------------
def affine(output: Output, center: float, scale: float) -> Output:
    """``(output - center) / scale``."""
    if isinstance(output, Coded):
        return output.mapped(lambda value: (value - center) / scale)
    known = Number(output.place, output.fill) if isinstance(output, Raw) else output
    return replace(known, center=known.center + center * known.scale, scale=known.scale * scale)


def _all_affine(outputs: list[Output], centers: Any, scales: Any) -> list[Output]:
    n = len(outputs)
    centers = np.zeros(n) if centers is None else centers
    scales = np.ones(n) if scales is None else scales
    return [affine(*each) for each in zip(outputs, np.asarray(centers).tolist(), np.asarray(scales).tolist(), strict=True)]


def _min_max(step: Any, outputs: list[Output], name: str) -> list[Output]:
    if step.clip:
        refuse(name, step, "clips, which cmlp.data.Columns cannot: use clip=False")
    return _all_affine(outputs, -step.min_ / step.scale_, 1 / step.scale_)


def _quantile(step: Any, outputs: list[Output], name: str) -> list[Output]:
    if step.output_distribution != "normal":
        refuse(name, step, "must map to a normal distribution: use output_distribution='normal'")
    made: list[Output] = []
    for output, quantiles in zip(outputs, step.quantiles_.T, strict=True):
        if isinstance(output, Indicator) and (output.center, output.scale) == (0, 1):
            low, high = scores(np.array([0.0, 1.0]), quantiles).tolist()
            if high == low:
                refuse(name, step, "makes a constant of a missing indicator: leave it out")
            made.append(affine(output, -low / (high - low), 1 / (high - low)))
            continue
        known = Number(output.place, output.fill) if isinstance(output, Raw) else output
        if not isinstance(known, Number) or (known.center, known.scale) != (0, 1) or known.quantiles is not None:
            refuse(name, step, "must come before scalers, and not transform encoded categories")
        made.append(replace(known, quantiles=quantiles))
    return made


# --- missing cells ----------------------------------------------------------------------------------------------------------
def _imputer(step: Any, outputs: list[Output], name: str) -> list[Output]:
    if not is_missing(step.missing_values):
        refuse(name, step, f"must replace NaN, not {step.missing_values!r}")
    made: list[Output] = []
    for output, value in zip(outputs, step.statistics_.tolist(), strict=True):
        if is_missing(value):
            if step.keep_empty_features:
                refuse(name, step, "keeps features without any value: use keep_empty_features=False")
            continue
        made.append(imputed(output, value))
    if step.add_indicator:
        for place in step.indicator_.features_.tolist():
            if not isinstance(outputs[place], (Raw, Number)):
                refuse(name, step, "must not mark missing values of encoded categories")
            made.append(Indicator(outputs[place].place))
    return made


def imputed(output: Output, value: Any) -> Output:
    if isinstance(output, Coded):
        return output.mapped(lambda known: value if np.isnan(known) else known)
    if isinstance(output, Raw):
        return output if output.fill is not None else replace(output, fill=value)
    if isinstance(output, Number) and output.fill is None:
        return replace(output, fill=value * output.scale + output.center)
    return output


# --- categories -------------------------------------------------------------------------------------------------------------
def levels_of(output: Output, categories: Any, name: str, step: Any) -> tuple[tuple[Label, ...], Any]:
    """The levels of a column, and the level of missing cells."""
    if not isinstance(output, Raw):
        refuse(name, step, "must encode columns as they are, or with missing values replaced")
    levels = [canonical(level) for level in categories]
    missing = None if output.fill is None else canonical(output.fill)
    if missing is not None and missing in levels and None not in levels:
        levels.append(None)
    return tuple(sorted(levels, key=lambda level: level is None)), missing


def _one_hot(step: Any, outputs: list[Output], name: str) -> list[Output]:
    made: list[Output] = []
    infrequent = getattr(step, "infrequent_categories_", [None] * len(outputs))
    dropped = [None] * len(outputs) if step.drop_idx_ is None else step.drop_idx_
    for output, categories, rare, drop in zip(outputs, step.categories_, infrequent, dropped, strict=True):
        levels, missing = levels_of(output, categories, name, step)
        merged = {canonical(level) for level in (() if rare is None else rare)}
        frequent = [level for level in levels if level not in merged and not (level is None and missing is not None)]
        groups: list[list[Label]] = [[level] for level in frequent] + ([list(merged)] if merged else [])
        if drop is not None:
            del groups[drop]
        for group in groups:
            values = {level: float(level in group or (level is None and missing in group)) for level in levels}
            takes_unseen = step.handle_unknown == "infrequent_if_exist" and bool(merged) and set(group) == merged
            made.append(Coded(output.place, levels, values, float(takes_unseen), step.handle_unknown == "error"))
    return made


def _ordinal(step: Any, outputs: list[Output], name: str) -> list[Output]:
    if getattr(step, "max_categories", None) is not None or getattr(step, "min_frequency", None) is not None:
        refuse(name, step, "must not merge rare categories: use OneHotEncoder for that")
    made: list[Output] = []
    for output, categories in zip(outputs, step.categories_, strict=True):
        levels, missing = levels_of(output, categories, name, step)
        codes: dict[Label, float] = {canonical(level): float(k) for k, level in enumerate(categories)}
        if None in levels:
            codes[None] = codes[missing] if missing is not None else float(step.encoded_missing_value)
        refuses = step.handle_unknown == "error"
        made.append(Coded(output.place, levels, codes, 0.0 if refuses else float(step.unknown_value), refuses))
    return made


STEPS: dict[str, Callable[[Any, list[Output], str], list[Output]]] = {
    "Pipeline": _pipeline,
    "ColumnTransformer": _column_transformer,
    "FeatureUnion": _union,
    "FunctionTransformer": _function,
    "StandardScaler": lambda step, outputs, *_: _all_affine(outputs, step.mean_ if step.with_mean else None, step.scale_),
    "RobustScaler": lambda step, outputs, *_: _all_affine(outputs, step.center_, step.scale_),
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": lambda step, outputs, *_: _all_affine(outputs, None, step.scale_),
    "QuantileTransformer": _quantile,
    "SimpleImputer": _imputer,
    "OneHotEncoder": _one_hot,
    "OrdinalEncoder": _ordinal,
}
