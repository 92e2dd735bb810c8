"""Settings as JSON and back: numbers, text, lists, and cmlp's own frozen sets of hyper-parameters by their names.

What is read is looked up in a table and goes through the same checks as any user's arguments; nothing is imported by name.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from cmlp import initializers, losses, norms, optimizers, rules, schedules

SCHEDULES = [kind for kind in vars(schedules).values() if isinstance(kind, type) and issubclass(kind, schedules.Schedule)]
MADE_BY_FUNCTIONS = {"Schedule", "Function"}
KINDS = {
    kind.__name__: kind
    for kind in (
        *optimizers.BY_NAME.values(),
        *losses.BY_NAME.values(),
        *norms.BY_NAME.values(),
        *initializers.BY_NAME.values(),
        *SCHEDULES,
        rules.Penalty,
        rules.Clip,
    )
    if kind.__name__ not in MADE_BY_FUNCTIONS
}
MOST_LABEL = 4096  # bytes


def described(value: Any, where: str) -> Any:
    """A value as JSON; `where` names it in errors.

    Raises
    ------
    ValueError
        If it is something that a file cannot hold, such as a function or an array.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, (list, tuple, range)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [described(item, f"{where}[{i}]") for i, item in enumerate(value)]}
    if isinstance(value, dict):
        return {"dict": [[described(key, where), described(item, f"{where}[{key!r}]")] for key, item in value.items()]}
    if type(value) in KINDS.values():
        names = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
        fields = {name: described(getattr(value, name), f"{where}.{name}") for name in names}
        return {"kind": type(value).__name__, "fields": fields}
    what = "a Python function" if callable(value) else f"a {type(value).__name__}"
    raise ValueError(f"{where} is {what}, which cannot be put into a file: numbers, text, lists and cmlp's own settings can")


def restored(given: Any) -> Any:
    """The value that `described` has described.

    Raises
    ------
    ValueError, TypeError, KeyError, OverflowError
        If it describes none.
    """
    if given is None or isinstance(given, (bool, int, float, str)):
        return given
    if not isinstance(given, dict):
        raise ValueError(f"a {type(given).__name__} where a setting is described")
    if given.keys() == {"kind", "fields"}:
        return KINDS[given["kind"]](**{name: restored(value) for name, value in given["fields"].items()})
    ((kind, content),) = given.items()
    if kind == "float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
    if kind == "dict":
        return {restored(key): restored(item) for key, item in content}
    return {"list": list, "tuple": tuple}[kind]([restored(item) for item in content])


def described_labels(labels, where: str) -> list | None:
    """[dtype, list] of an array of text or numbers."""
    if labels is None:
        return None
    each = labels.tolist()
    if not all(isinstance(label, (str, bool, int, float)) for label in each):
        raise ValueError(f"{where} of kind {type(each[0]).__name__} cannot be saved: use text or numbers")
    return [str(labels.dtype), [described(label, where) for label in each]]


def restored_labels(given) -> Any:
    """The array that `described_labels` has described; None for None."""
    if given is None:
        return None
    kind, labels = given
    dtype = np.dtype(kind)
    if dtype.kind not in "OUTbiuf" or dtype.itemsize > MOST_LABEL:
        raise ValueError(f"labels of the kind {kind!r}")
    return np.array([restored(label) for label in labels], dtype=dtype)
