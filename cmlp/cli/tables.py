"""Tables to train on: the target column, and the preprocessing of the others."""

from typing import NamedTuple

import numpy as np

from cmlp import losses
from cmlp.cli.notes import notes_on
from cmlp.cli.samples import Data, parts
from cmlp.cli.sources import Place, UsageError, column_of, reading_options, shown_path, source_of
from cmlp.data import Columns, Table
from cmlp.data.frames import Levels
from cmlp.data.kinds import CATEGORICAL, NUMERIC, kind_of, missing_in
from cmlp.datasets.csv_start import listed, place_of
from cmlp.datasets.table_files import FileTable, read_file
from cmlp.layers import Array

TARGETS = ("label", "target", "class", "y")  # names of a target column, in lower case
MNIST_WIDTH, BRIGHTEST = 785, 255


class Samples(NamedTuple):
    """The inputs and the target of a file, and where they are in it."""

    X: Table
    y: Array
    place: Place


def read_tables(options) -> Data:
    """The samples of a file, split or with those of a test file, and the preprocessing fitted to the training samples."""
    if options.labels or options.test_labels:
        raise UsageError("--labels and --test-labels need IDX files or NumPy arrays: give --target COLUMN for a table")
    path, name = shown_path(options.data), shown_path(options.data).rpartition("/")[2]
    whole = read_file(source_of(options.data), **reading_options(options))
    target, reason = target_of(path, whole, options)
    known = samples_of(path, whole, target)
    n = len(known.y)
    rest = None
    if options.test:
        rest = test_samples(options, whole, target)
        check_kinds(options.test, known.y, rest.y)
    for each in (known,) if rest is None else (known, rest):
        check_domain(each, options.loss)
    rows, test_rows = parts(n, options) if rest is None else (np.arange(n), np.arange(len(rest.y)))
    test = known if rest is None else rest
    columns, X = prepared(known, rows, test, whole.dropped, options)
    title = "column " + repr(whole.table.names[target]) if whole.table.names else f"column {whole.places[target]}"
    data = Data(
        X,
        known.y[rows],
        transformed(columns, test, test_rows, options),
        test.y[test_rows],
        f"{name}: {known.X.n_columns} inputs; target {title}{reason}",
        columns=columns,
        target="prediction" if whole.table.names is None else whole.table.names[target],
    )
    data.notes = notes_on(known.X, known.place)
    return data


# --- the target ---------------------------------------------------------------------------------------------------------
def target_of(path: str, whole: FileTable, options) -> tuple[int, str]:
    """(index of the target column in the table, why it is that one)."""
    table = whole.table
    if options.target is not None:
        given = column_of(options.target)
        place = place_of(path, given, table.names, whole.width if isinstance(given, int) else table.n_columns)
        if isinstance(given, int) and place not in whole.places:
            raise UsageError(f"--target {given} must not be a column that --drop leaves out")
        return whole.places.index(place) if isinstance(given, int) else place, ""
    found = [place for place, name in enumerate(table.names or []) if name.lower() in TARGETS]
    if len(found) == 1:
        return found[0], ", by its name"
    if is_like_mnist(table):
        return 0, ", the first of 785 columns of 0 to 255"
    columns = f"{table.n_columns} columns without names" if table.names is None else listed(table.names)
    several = f" (several are called {', '.join(TARGETS)})" if found else ""
    raise UsageError(f"{path}: --target COLUMN must be given{several}: the columns are {columns}")


def is_like_mnist(table: Table) -> bool:
    """Whether it is a label and 784 pixels of 8 bits."""
    return table.n_columns == MNIST_WIDTH and all(
        isinstance(column, np.ndarray) and column.dtype.kind in "iu" and column.min() >= 0 and column.max() <= BRIGHTEST
        for column in table.columns
    )


def samples_of(path: str, whole: FileTable, target: int) -> Samples:
    others = [place for place in range(whole.table.n_columns) if place != target]
    if not others:
        raise ValueError(f"{path}: the file must have at least two columns, got one: is the delimiter right? (--delimiter)")
    X = whole.table.select(others)
    place = Place(path, whole.lines, [whole.places[i] for i in others], X.names)
    return Samples(X, labels_in(whole.table.columns[target], whole.table.labels[target], place), place)


def labels_in(column, label, place: Place) -> Array:
    """The target as int64, float64, bool or strings."""
    missing = missing_in(column)
    if missing.any():
        raise ValueError(
            f"{place.row(int(missing.argmax()))}: the target {label!r} is missing, in {int(missing.sum()):,} of "
            f"{len(missing):,} rows: leave them out"
        )
    values = column.unpacked() if isinstance(column, Levels) else column
    if values.dtype.kind in "mM":
        raise ValueError(
            f"{place.path}: the target {label!r} must be numbers or labels, got dates or durations: "
            "give it as a number, such as the days since a date"
        )
    if values.dtype.kind != "O":
        return values.astype({"i": np.int64, "u": np.int64, "f": np.float64}.get(values.dtype.kind, values.dtype))
    kind = kind_of(values, label)
    if kind == NUMERIC and not all(isinstance(value, int) for value in values):
        return values.astype(np.float64)
    return np.array([str(value) for value in values])  # integers too that exceed int64


def check_domain(samples: Samples, loss: str | None) -> None:
    """Raise if a target is outside of what a loss for regression takes."""
    y, name = samples.y, loss or "squared_error"
    if y.dtype.kind not in "iuf" or losses.BY_NAME[name].tasks[0] != "regression":
        return
    domain = losses.resolve(name).domain
    wrong = domain.outside(y) if domain.bounded else np.zeros(len(y), bool)
    for outside, must in ((~np.isfinite(y), "finite"), (wrong, str(domain))):
        if np.any(outside):
            row = int(np.argmax(outside))
            remedy = "leave the row out" if must == "finite" else "shift the target, or use --loss squared_error"
            raise ValueError(f"{samples.place.row(row)}: the target must be {must}, got {y[row]}: {remedy}")


def check_kinds(path: str, y: Array, y_test: Array) -> None:
    if {y.dtype.kind, y_test.dtype.kind} == {"U", "f"}:
        raise ValueError(
            f"{path}: the target must have the same kind in both files, got strings in one and numbers in the other"
        )


def test_samples(options, train: FileTable, target: int) -> Samples:
    """The samples of the test file, whose columns must be those of the training file: in any order if they have names."""
    names = train.table.names
    labels = names or train.places
    text = [labels[i] for i, column in enumerate(train.table.columns) if kind_of(column, i) == CATEGORICAL]
    how = reading_options(options) | {"header": names is not None}
    if names is not None:
        how |= {"drop": [], "unwanted": train.dropped}
    whole = read_file(source_of(options.test), **how, text=text)
    return samples_of(options.test, ordered(options, whole, train, target), target)


def ordered(options, whole: FileTable, train: FileTable, target: int) -> FileTable:
    """The test file with its columns in the order of the training file."""
    names, found = train.table.names, whole.table.names
    must = f"{options.test} must have the columns of {shown_path(options.data)}"
    if names is None or found is None:
        here, there = train.table.n_columns, whole.table.n_columns
        if names is not found or here != there:
            raise ValueError(f"{must}: {in_words(here, names)}, got {in_words(there, found)}")
        return whole
    missing = [repr(name) + " (the target)" * (i == target) for i, name in enumerate(names) if name not in found]
    unknown = [repr(name) for name in found if name not in names]
    if missing or unknown:
        problems = [f"{what}: {', '.join(each[:10])}" for what, each in (("missing", missing), ("unknown", unknown)) if each]
        raise ValueError(f"{must}: {'; '.join(problems)}")
    order = [found.index(name) for name in names]
    return whole._replace(table=whole.table.select(order), places=[whole.places[i] for i in order])


def in_words(n_columns: int, names: list[str] | None) -> str:
    return f"{n_columns:,} columns" + (" without names" if names is None else " with names")


# --- the preprocessing --------------------------------------------------------------------------------------------------
def prepared(known: Samples, rows: Array, test: Samples, dropped: list[str], options):
    """The columns fitted to the training samples, and these transformed; dropped: names that later files may have too."""
    table = known.X.rows(rows)
    place = known.place._replace(rows=rows)
    with place.located():
        columns = Columns.fit(
            table,
            scale=None if options.scale == "none" else options.scale,
            impute=True,
            categorical_features=categorical_in(known, options),
            max_categories=options.max_categories,
            dates=True,
            extra_columns=dropped or "raise",
        )
        return columns, columns.transform(table, options.dtype)


def transformed(columns: Columns, samples: Samples, rows: Array, options):
    with samples.place._replace(rows=rows).located():
        return columns.transform(samples.X.rows(rows), options.dtype)


def categorical_in(known: Samples, options) -> list[int]:
    """The columns of text, and those that are to be categories."""
    path, _, columns, names, _ = known.place
    chosen = set()
    for text in options.categorical:
        given = column_of(text)
        place = place_of(path, given, names, max(columns) + 2)
        chosen.add(columns.index(place) if isinstance(given, int) and place in columns else place)
    return [i for i, column in enumerate(known.X.columns) if i in chosen or kind_of(column, i) == CATEGORICAL]
