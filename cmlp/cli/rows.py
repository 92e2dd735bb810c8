"""Reading data for a saved model, block by block: columns are matched by name, else by position."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import datasets
from cmlp.cli.data import UsageError, array, column, is_idx, labels_of
from cmlp.data import ColumnError, Columns, Table
from cmlp.data.columns import check_names
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
        for lines, rows in blocks:
            if not known:
                target, known = target_place(path, names, len(rows[0]), model, options.target, with_target), True
            y = np.array([row.pop(target) for row in rows]) if target is not None else None
            X = read_inputs(path, lines, names, target, model, rows)
            yield X, y if with_target else None


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
            check_names(inputs, expected, "raise")
        except ValueError as error:
            hint = "" if place is not None else "; if one of them is the target, give --target COLUMN"
            raise ValueError(f"{path}: {error}{hint}") from None
    check_width(path, width - (place is not None), model)
    return place


def read_inputs(
    path, lines: Sequence[int], names: list[str] | None, target: int | None, model: Model, rows: list[list[str]]
) -> Any:
    """The inputs of a model; errors name line and column."""
    inputs = None if names is None else [name for i, name in enumerate(names) if i != target]
    columns = Columns(["numeric"] * model.n_inputs) if model.columns is None else model.columns
    table = Table([np.array(texts, dtype=object) for texts in zip(*rows)], inputs)
    try:
        X = columns.transform(table)
    except ColumnError as error:
        place = (error.column or 0) + (target is not None and (error.column or 0) >= target)
        name = f" ({names[place]!r})" if names else ""
        raise ValueError(f"{path}, line {lines[error.row or 0]}, column {place + 1}{name}: {error.problem}") from None
    return X if model.columns is None else table
