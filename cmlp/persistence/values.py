"""Settings as JSON and back: numbers, strings, lists, arrays of them, and cmlp's dataclasses of hyperparameters, by name.

Names are looked up in a table, and values pass the same checks as the arguments of a user; nothing is imported by name.
"""

import dataclasses
import math
import re
from collections.abc import KeysView, Mapping, Set
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from cmlp import activations, initializers, losses, norms, optimizers, schedules, validation
from cmlp.regularization import Regularization
from cmlp.training.stopping import Stopping

SCHEDULES = [kind for kind in vars(schedules).values() if isinstance(kind, type) and issubclass(kind, schedules.Schedule)]
MADE_BY_FUNCTIONS = {"Schedule", "Function"}
KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *optimizers.BY_NAME.values(),
        *losses.BY_NAME.values(),
        *norms.BY_NAME.values(),
        *SCHEDULES,
        Regularization,
        Stopping,
    )
    if kind.__name__ not in MADE_BY_FUNCTIONS
}
# Constant is a schedule and an initializer, Sine an activation and an initializer
KINDS |= {f"initializers.{kind.__name__}": kind for kind in initializers.BY_NAME.values()}
KINDS |= {f"activations.{kind.__name__}": kind for kind in activations.BY_NAME.values()}
NAMES = {kind: name for name, kind in KINDS.items()}
LABELS = re.compile(r"[<>]?U[0-9]{1,4}|object|bool|u?int(8|16|32|64)|float(16|32|64)")
ROOM = 1 << 20  # bytes that labels may take in addition to 64 for each character


def described(value: Any, where: str) -> Any:
    """A value as JSON; where: its name in errors.

    Raises
    ------
    ValueError
        If a file cannot hold it, such as a function or an array of dates.
    """
    if isinstance(value, (np.dtype, type)) and (isinstance(value, np.dtype) or issubclass(value, np.generic)):
        return np.dtype(value).name
    if isinstance(value, (Fraction, Decimal)):
        value = float(value)
    if isinstance(value, (Set, KeysView)):
        value = list(value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [described(item, f"{where}[{i}]") for i, item in enumerate(value)]}
    if isinstance(value, Mapping):
        return {"dict": [[described(key, where), described(item, f"{where}[{key!r}]")] for key, item in value.items()]}
    if type(value) in NAMES:
        names = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
        fields = {name: described(getattr(value, name), f"{where}.{name}") for name in names}
        return {"kind": NAMES[type(value)], "fields": fields}
    if hasattr(value, "__array__") and not isinstance(value, type):  # an Index of pandas comes back as an array
        array = np.asarray(value)
        return {"array": [list(array.shape), *(described_labels(array.ravel(), where) or [])]}
    what = "a Python function" if callable(value) else f"a {type(value).__name__}"
    raise ValueError(f"{where} must be numbers, strings, lists or settings of cmlp to be saved, got {what}")


def restored(given: Any) -> Any:
    """The inverse of `described`.

    Raises
    ------
    ValueError, TypeError, KeyError, OverflowError
        If the description is invalid.
    """
    if given is None or isinstance(given, (bool, int, float, str)):
        return given
    if not isinstance(given, dict):
        raise ValueError(f"the description of a setting must be a JSON object, got {type(given).__name__}")
    if given.keys() == {"kind", "fields"}:
        return KINDS[given["kind"]](**{name: restored(value) for name, value in given["fields"].items()})
    ((kind, content),) = given.items()
    if kind == "float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
    if kind == "range":
        start, stop, step = (validation.check_integer("a range", each, -(2**63), 2**63) for each in content)
        return range(start, stop, step)
    if kind == "array":
        return restored_labels(content[1:]).reshape([validation.check_integer("a shape", each, 0) for each in content[0]])
    if kind == "dict":
        return {restored(key): restored(item) for key, item in content}
    return {"list": list, "tuple": tuple}[kind]([restored(item) for item in content])


def described_labels(labels, where: str) -> list | None:
    """[dtype, list] of an array of strings or numbers."""
    if labels is None:
        return None
    labels = np.asarray(labels)
    each = labels.tolist()
    odd = [label for label in each if not isinstance(label, (str, bool, int, float))]
    if odd or labels.ndim != 1:
        raise ValueError(f"{where} must be strings or numbers to be saved, got {type(odd[0] if odd else each).__name__}")
    kind = "object" if labels.dtype.kind == "T" else str(labels.dtype)
    check_labels(kind, each, where)
    return [kind, [described(label, where) for label in each]]


def restored_labels(given) -> Any:
    """The inverse of `described_labels`; None for None."""
    if given is None:
        return None
    kind, labels = given
    each = [restored(label) for label in labels]
    check_labels(kind, each, "labels")
    if not all(isinstance(label, (str, bool, int, float)) for label in each):
        raise ValueError(f"labels must be strings or numbers, got {str(each)[:80]}")
    return np.array(each, dtype=kind)


def check_labels(kind: str, each: list, where: str) -> None:
    """Raise unless the dtype is one of labels, and the array is not far larger than its content."""
    if not isinstance(kind, str) or not LABELS.fullmatch(kind):
        raise ValueError(f"the dtype of {where} must be strings, numbers or object, got {kind!r}")
    needed = len(each) * np.dtype(kind).itemsize
    if needed > ROOM + 64 * sum(len(label) if isinstance(label, str) else 8 for label in each):
        raise ValueError(f"{where} of dtype {kind!r} would take {needed:,} bytes, far more than their content")
