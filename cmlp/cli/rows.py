"""Reading data for a saved model, block by block: columns are matched by name, else by position."""

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cmlp import datasets
from cmlp.cli.images import array, images_in, labels_of
from cmlp.cli.sources import Place, UsageError, column_of, format_of, reading_options, shown_path, source_of
from cmlp.data import Columns, Table
from cmlp.data.columns import check_names
from cmlp.data.kinds import CATEGORICAL
from cmlp.datasets.arrow_files import arrow_batches, is_arrow
from cmlp.datasets.csv_files import blocks_of as csv_blocks_of
from cmlp.datasets.csv_rows import lines_of, rows_of
from cmlp.datasets.csv_start import Start, listed, place_of, start
from cmlp.datasets.fields import as_objects, is_missing, typed
from cmlp.datasets.opening import open_unpacked
from cmlp.datasets.table_files import checked, rereadable
from cmlp.layers import Array
from cmlp.model import Model

BLOCK = 1 << 20  # numbers in a block
MNIST_INPUTS = 784


class Block(NamedTuple):
    """Some rows: the inputs as the model takes them, the target as strings or values, and where the cells are."""

    X: Any
    y: Array | None
    place: Place | None

    def ask(self, answer: Callable[..., Array], n_threads: int | None) -> Array:
        """What a method of the model returns for the inputs; errors name line and column."""
        with contextlib.nullcontext() if self.place is None else self.place.located():
            return answer(self.X, n_threads=n_threads)


def blocks_of(model: Model, options, with_target: bool) -> Iterator[Block]:
    """The rows of the data; without with_target, the target is None."""
    kind = format_of(options.data)
    if kind == "table":
        if options.labels:
            raise UsageError("--labels needs IDX files or NumPy arrays: give --target COLUMN for a table")
        yield from table_blocks(model, options, with_target)
        return
    if options.target is not None:
        raise UsageError("--target needs a table: give --labels for IDX files and NumPy arrays")
    path = images_in(Path(options.data), "t10k") if kind == "folder" else Path(options.data)
    X, y = array_and_labels(path, kind, options.labels, with_target)
    check_width(path, X.shape[1], model)
    if y is not None and len(y) != len(X):
        raise ValueError(f"{path} must have one label for each of {len(X):,} samples, got {len(y):,}")
    n_rows = max(1, BLOCK // X.shape[1])
    for begin in range(0, len(X), n_rows):
        yield Block(X[begin : begin + n_rows], None if y is None else y[begin : begin + n_rows], None)


def array_and_labels(path: Path, kind: str, labels: str | None, with_target: bool) -> tuple[Array, Array | None]:
    if kind == "npy":
        if with_target and not labels:
            raise UsageError(f"{path}: the labels must be given: --labels FILE")
        return array(path), array(Path(labels), 1) if with_target and labels else None
    X = datasets.read_idx(path)
    return X.reshape(len(X), -1), datasets.read_idx(labels_of(path, labels)) if with_target else None


def check_width(path, width: int, model: Model, remedy: str = "") -> None:
    if width != model.n_inputs:
        raise ValueError(f"{path} has {width} columns of inputs, the model was trained on {model.n_inputs}{remedy}")


# --- tables -------------------------------------------------------------------------------------------------------
def table_blocks(model: Model, options, with_target: bool) -> Iterator[Block]:
    path = shown_path(options.data)
    columns = Columns(["numeric"] * model.n_inputs) if model.columns is None else model.columns
    choice: Choice | None = None
    for part in parts_of(path, columns, options):
        choice = choice or chosen(path, part, model, columns, options, with_target)
        if part.table.n_rows == 0:
            if with_target:
                raise ValueError(f"{path}: the table has no rows")
            return
        X = part.table.select(choice.inputs)
        rows = None if part.is_text else range(part.first, part.first + part.table.n_rows)
        order = choice.in_training_order(X.names, columns.names)
        place = Place(path, part.lines, order, columns.names if X.names and columns.names else X.names, rows)
        X = as_read(X, columns) if part.is_text else checked(X, path)
        y = None if choice.target is None else part.table.columns[choice.target]
        if model.columns is None:
            with place.located():
                X = columns.transform(X)
        yield Block(X, np.asarray(y) if with_target else None, place)


class Part(NamedTuple):
    """Some rows of a file; is_text: its cells are the fields of a CSV file; first: the row that it begins with."""

    table: Table
    lines: Sequence[int] | None
    is_text: bool
    first: int = 0


def parts_of(path: str, columns: Columns, options) -> Iterator[Part]:
    """The rows of a file, block by block."""
    source = source_of(options.data)
    with open_unpacked(source, path) as stream:
        beginning = stream.peek(8)[:8] if hasattr(stream, "peek") else b""
        if not is_arrow(beginning):
            how = reading_options(options)
            begun = start(path, stream, how["header"], how["delimiter"], how["decimal"], columns.names or (), how["missing"])
            if begun.names is not None and is_at_end(begun):
                yield Part(Table([as_objects([])] * begun.width, begun.names), (), True)
                return
            for block in csv_blocks_of(begun):
                fields = [as_objects(list(each)) for each in zip(*rows_of(begun, block))]
                yield Part(Table(fields, begun.names), lines_of(block), True)
            return
        first = 0
        with seekable(stream) as file:
            for batch in arrow_batches(file, path, beginning, empty=True):
                yield Part(Table.read(batch), None, False, first)
                first += batch.num_rows


def is_at_end(begun: Start) -> bool:
    """Whether no record follows the header."""
    first = next(begun.records, None)
    begun.records = chain([] if first is None else [first], begun.records)
    return first is None


@contextlib.contextmanager
def seekable(stream: Any) -> Iterator[Any]:
    """The stream, if it is a file as it is, else a copy: the end of a Parquet file is read first."""
    if isinstance(getattr(stream, "raw", None), io.FileIO) and stream.seekable():
        yield stream
        return
    with rereadable(stream) as again:
        yield again()


def as_read(table: Table, columns: Columns) -> Table:
    """Fields as numbers, booleans and dates, where the columns of training are no text."""
    names = columns.names if table.names else None
    kinds = dict(zip(names or range(columns.n_columns), columns.kinds))
    known = dict(zip(columns.categorical, columns.categories))
    text = {(names or range(columns.n_columns))[place] for place, each in known.items() if each.are_text}
    made = []
    for label, column in zip(table.labels, table.columns):
        if label in text or label not in kinds:
            made.append(column)
            continue
        fields = np.asarray(column).tolist()
        kind, values = typed(fields)
        if kind == "text" and kinds[label] != CATEGORICAL:
            values = as_objects([None if is_missing(field) else field for field in fields])
        made.append(values)
    return Table(made, table.names)


class Choice(NamedTuple):
    """Which columns are the inputs, and which is the target."""

    inputs: list[int]
    target: int | None

    def in_training_order(self, names: list[str] | None, known: list[str] | None) -> list[int]:
        """The inputs in the order that the model knows."""
        return self.inputs if names is None or known is None else [self.inputs[names.index(name)] for name in known]


def chosen(path: str, part: Part, model: Model, columns: Columns, options, needed: bool) -> Choice:
    """The columns of a file that the model needs.

    Raises
    ------
    ValueError
        If columns are missing or unknown, or the target is needed and not found.
    """
    names, width = part.table.names, part.table.n_columns
    dropped = {place_of(path, column, names, width) for column in reading_options(options)["drop"]}
    target = target_place(path, names, width, model, options.target, needed)
    inputs = [place for place in range(width) if place != target and place not in dropped]
    if names is not None and columns.names is not None:
        given = [names[place] for place in inputs]
        repeated = next((name for name in given if given.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"{path}: the name {repeated!r} is that of several columns")
        try:
            check_names(given, columns.names, columns.extra_columns)
        except ValueError as error:
            raise ValueError(f"{path}: {error}{remedies(given, columns, target, options)}") from None
    elif len(inputs) == model.n_inputs + 1 and target is None:
        check_width(path, len(inputs), model, "; if one of them is the target, give its index: --target -1 for the last")
    else:
        check_width(path, len(inputs), model)
    return Choice(inputs, target)


def remedies(given: list[str], columns: Columns, target: int | None, options) -> str:
    """What to do about columns that are not those of training."""
    known = set(columns.names or ())
    if not known & set(given) and options.header is None and target is None:
        return "; none of them is in the first row: give --no-header if this is a sample"
    if set(given) <= known or options.ignore_extra_columns:
        return ""
    hint = "" if target is not None else "; if one of them is the target, give --target COLUMN"
    return f"{hint}; --ignore-extra-columns ignores unknown ones"


def target_place(path: str, names: list[str] | None, width: int, model: Model, given: str | None, needed: bool) -> int | None:
    """The index of the target column, None if there is none."""
    inputs = () if model.columns is None else model.columns.names or ()
    if given is not None:
        return place_of(path, column_of(given), names, width)
    if names is not None and model.target in names and model.target not in inputs:
        return names.index(model.target)
    if needed and names is None and width == MNIST_INPUTS + 1 == model.n_inputs + 1:
        return 0
    if needed:
        have = f"{width} columns without names" if names is None else listed(names)
        give = "--target COLUMN" if names is not None else "the index of the target, such as --target -1 for the last column"
        raise ValueError(f"{path}: no target column {model.target!r}: give {give}; the columns are {have}")
    return None
