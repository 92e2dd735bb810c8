"""Reading data for a saved model, block by block: columns are matched by name, else by position."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import datasets
from cmlp.cli.data import UsageError, array, column, is_idx, labels_of
from cmlp.data.columns import Table, check_names, is_text
from cmlp.layers import Array
from cmlp.model import Model

BLOCK = 1 << 20  # numbers in a block


def blocks_of(model: Model, options, with_target: bool) -> Iterator[tuple[Any, Array | None]]:
    """(X as the model takes it, target as strings or numbers) for each block of rows; without with_target, target is None."""
    path = Path(options.data)
    if options.data == "-" or not (path.suffix == ".npy" or is_idx(path)):
        if options.labels:
            raise UsageError("--labels needs IDX files or NumPy arrays: give --target COLUMN for a CSV file")
        yield from csv_blocks(model, options, with_target)
        return
    if options.target is not None:
        raise UsageError("--target needs a CSV file: give --labels for IDX files and NumPy arrays")
    if path.suffix == ".npy":
        X = array(path)
        if with_target and not options.labels:
            raise UsageError(f"{path}: the labels must be given: --labels FILE")
        y = array(Path(options.labels), 1) if with_target else None
    else:
        X = datasets.read_idx(path)
        X = X.reshape(len(X), -1)
        y = datasets.read_idx(labels_of(path, options.labels)) if with_target else None
    check_width(path, X.shape[1], model)
    if y is not None and len(y) != len(X):
        raise ValueError(f"{path} must have one label for each of {len(X):,} samples, got {len(y):,}")
    n_rows = max(1, BLOCK // X.shape[1])
    for start in range(0, len(X), n_rows):
        yield X[start : start + n_rows], None if y is None else y[start : start + n_rows]


def check_width(path, width: int, model: Model) -> None:
    if width != model.n_inputs:
        raise ValueError(f"{path} has {width} columns of inputs, the model was trained on {model.n_inputs}")


# --- CSV ----------------------------------------------------------------------------------------------------------
def csv_blocks(model: Model, options, with_target: bool) -> Iterator[tuple[Any, Array | None]]:
    if options.data == "-" and sys.stdin is None:
        raise ValueError("standard input is closed")
    source: Any = sys.stdin.buffer if options.data == "-" else options.data
    path = "standard input" if options.data == "-" else options.data
    with datasets.read_rows(source, header=options.header) as (names, blocks):
        target, known = None, False
        for line, rows in blocks:
            if not known:
                target, known = target_place(path, names, len(rows[0]), model, options.target, with_target), True
            y = np.array([row.pop(target) for row in rows]) if target is not None else None
            X = all_numbers(model, rows)
            if X is None:
                X = Reader(path, line, names, target).inputs(model, [np.array(texts) for texts in zip(*rows)])
            yield X, y if with_target else None
        if not known:
            raise ValueError(f"{path}: no rows after the header")


def target_place(path, names: list[str] | None, width: int, model: Model, given: str | None, needed: bool) -> int | None:
    """The index of the target column, None if there is none; the other columns must be those of training."""
    place = column(given)
    expected = None if model.columns is None or model.columns.names is None else [name.strip() for name in model.columns.names]
    if isinstance(place, int):
        if not -width <= place < width:
            raise ValueError(
                f"{path}: no column {place}: --target must be from 0 to {width - 1}, or negative to count from the end"
            )
        place %= width
    elif place is not None or (names is not None and model.target in names and model.target not in (expected or ())):
        name = model.target if place is None else place
        if names is None or name not in names:
            raise ValueError(
                f"{path}: no column {name!r}: " + (f"the columns are {', '.join(names[:20])}" if names else "it has no header")
            )
        place = names.index(name)
    elif needed and width == model.n_inputs + 1 and names is None:
        place = 0
    if place is None and needed:
        raise ValueError(f"{path}: no target column {model.target!r}: give --target COLUMN")
    inputs = None if names is None else [name for i, name in enumerate(names) if i != place]
    if inputs is not None and expected is not None:
        try:
            check_names(inputs, expected)
        except ValueError as error:
            hint = "" if place is not None else "; if one of them is the target, give --target COLUMN"
            raise ValueError(f"{path}: {error}{hint}") from None
    check_width(path, width - (place is not None), model)
    return place


def all_numbers(model: Model, rows: list[list[str]]) -> Array | None:
    """The rows as a matrix, if all columns are numeric and all fields finite numbers; else None."""
    columns = model.columns
    if columns is not None and (columns.categorical or columns.fill is not None):
        return None
    try:
        X = np.array(rows, dtype=np.float64)
    except ValueError:
        return None
    return X if np.isfinite(X).all() else None


BOOLEANS = {"True": "1", "true": "1", "TRUE": "1", "False": "0", "false": "0", "FALSE": "0"}


def categories(text: Array, known: Array) -> Array:
    """The categories of the fields; an empty field is the category of missing values, if there is one."""
    names = {str(category).strip(): category for category in known.tolist() if category is not None and category == category}
    if len(names) < sum(category is not None and category == category for category in known.tolist()):
        raise ValueError(f"the categories {known.tolist()[:5]} differ only by spaces or type, which a CSV file cannot express")
    missing = [category for category in known.tolist() if category is None or category != category]
    if missing:
        names.setdefault("", missing[0])
    made = np.empty(len(text), dtype=object)
    made[:] = [names.get(field, field) for field in text.tolist()]
    return made


class Reader:
    """Converts the fields of a block to the inputs of a model; errors name line and column."""

    def __init__(self, path, line: int, names: list[str] | None, target: int | None) -> None:
        self.path, self.line, self.names, self.target = path, line, names, target

    def inputs(self, model: Model, texts: list[Array]) -> Any:
        columns = model.columns
        if columns is None:
            return np.column_stack([self.numbers(text, i, False) for i, text in enumerate(texts)])
        known = dict(zip(columns.categorical, columns.categories))
        made = Table()
        for i, text in enumerate(texts):
            if i not in known:
                made.append(self.numbers(text, i, columns.fill is not None))
            elif is_text(known[i]):
                made.append(categories(text, known[i]))
            else:
                made.append(self.numbers(text, i, True))
        return made

    def numbers(self, text: Array, i: int, may_be_missing: bool) -> Array:
        missing = text == ""
        if missing.any() and not may_be_missing:
            self.refuse(int(missing.argmax()), i, "missing value (the field is empty)")
        try:
            fields = np.where(missing, "nan", text).tolist()
            values = np.array([BOOLEANS.get(field, field) for field in fields]).astype(np.float64)
        except ValueError:
            wrong = [not (empty or datasets.is_number(field)) for field, empty in zip(text.tolist(), missing)]
            row = wrong.index(True) if True in wrong else 0
            self.refuse(row, i, f"{str(text[row])[:40]!r} is not a number")
        infinite = ~np.isfinite(values) & ~missing
        if infinite.any():
            row = int(infinite.argmax())
            self.refuse(row, i, f"{str(text[row])[:40]!r} is not a finite number")
        return values

    def refuse(self, row: int, i: int, problem: str):
        place = i + (self.target is not None and i >= self.target)
        name = f" ({self.names[place]!r})" if self.names else ""
        raise ValueError(f"{self.path}, line {self.line + row}, column {place + 1}{name}: {problem}")
