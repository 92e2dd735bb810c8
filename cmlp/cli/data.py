"""Reading training data (CSV, IDX, NumPy) and splitting off held-out test samples."""

import re
import tokenize
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cmlp import datasets
from cmlp.data import Columns, Table
from cmlp.layers import Array

TEST_FRACTION = 0.2


class UsageError(Exception):
    """The arguments are invalid, whatever the files hold."""


@dataclass
class Data:
    """Training and test samples; y in the units of the file is ``y * y_scale + y_mean``."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array
    what: str
    labeled: bool = False  # y is class labels, whatever the loss
    input_scale: float = 1.0
    columns: Columns | None = None  # the standardization of X
    target: str = "prediction"
    y_mean: float = 0.0
    y_scale: float = 1.0


def read(options) -> Data:
    path = Path(options.data)
    if path.is_dir():
        return read_mnist_folder(path, options)
    if options.test_labels and not options.test:
        raise UsageError("--test-labels needs --test")
    if path.suffix == ".npy":
        return read_arrays(path, options)
    if is_idx(path):
        return read_idx_files(path, options.test, options)
    return read_csv_files(path, options)


def is_idx(path: Path) -> bool:
    return ".csv" not in path.suffixes and ("idx" in path.name or path.suffix in (".idx", ".ubyte"))


# --- images and arrays ----------------------------------------------------------------------------------------
def read_mnist_folder(folder: Path, options) -> Data:
    if options.test or options.test_fraction or options.labels or options.test_labels:
        raise UsageError("--test, --test-fraction, --labels and --test-labels need a file, got a folder")
    return read_idx_files(images_in(folder, "train"), images_in(folder, "t10k"), options)


def images_in(folder: Path, part: str) -> Path:
    found = sorted(folder.glob(f"{part}-images*idx?-ubyte*"))
    if not found:
        raise ValueError(
            f"{folder}: the folder must hold {part}-images-idx3-ubyte or {part}-images-idx3-ubyte.gz; or give a file"
        )
    return found[0]


def read_idx_files(path: Path, test: str | Path | None, options) -> Data:
    if options.target is not None:
        raise UsageError("--target needs a CSV file: give --labels for IDX files")
    X, y = images_and_labels(path, options.labels)
    rest = images_and_labels(Path(test), options.test_labels) if test else None
    what, scale = f"{path.name}: {X.shape[1]} inputs; labels", 1 / 255 if X.dtype == np.uint8 else 1.0
    return Data(*parts(X, y, rest, options), what, y.dtype.kind != "f", scale)


def images_and_labels(path: Path, labels: str | None) -> tuple[Array, Array]:
    images = datasets.read_idx(path)
    y = datasets.read_idx(labels_of(path, labels))
    if y.ndim != 1 or images.ndim < 2 or len(y) != len(images):
        raise ValueError(f"{path} must have one label for each image, got images {images.shape} and labels {y.shape}")
    return images.reshape(len(images), -1), y


def labels_of(path: Path, labels: str | None) -> Path:
    """The file of the labels: the given one, else by the name of the images."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    if labels is None and name == path.name:
        raise UsageError(f"{path}: the file of its labels is unknown, since images is not in its name: give --labels FILE")
    return Path(labels) if labels else path.with_name(name)


def read_arrays(path: Path, options) -> Data:
    if options.target is not None or not options.labels or bool(options.test) != bool(options.test_labels):
        raise UsageError(
            f"{path}: a NumPy array needs --labels FILE and, with --test FILE, --test-labels FILE; it has no --target"
        )
    X, y = array(path), array(Path(options.labels), 1)
    rest = (array(Path(options.test)), array(Path(options.test_labels), 1)) if options.test else None
    what = f"{path.name}: {X.shape[1]} inputs; {Path(options.labels).name}"
    if X.dtype == np.uint8:
        return Data(*parts(X, y, rest, options), what, input_scale=1 / 255)
    return standardized(Data(*parts(X, y, rest, options), what), None, options.dtype)


def array(path: Path, ndim: int = 2) -> Array:
    """A matrix (more dimensions are flattened) or a vector from a .npy file; nothing is unpickled."""
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, SyntaxError, zipfile.BadZipFile, tokenize.TokenError) as error:
        raise ValueError(f"{path}: not a valid .npy file of numbers or strings ({error})") from None
    if not isinstance(found, np.ndarray) or found.ndim < ndim or (ndim == 1 and found.ndim > 1) or not found.size:
        raise ValueError(
            f"{path} must hold {'a vector' if ndim == 1 else 'a matrix'}, got {getattr(found, 'shape', 'several arrays')}"
        )
    if found.dtype.kind not in ("biuf" if ndim == 2 else "biufU"):
        raise ValueError(f"{path} must hold numbers, got {found.dtype}")
    return found if ndim == 1 else found.reshape(len(found), -1)


# --- tables -----------------------------------------------------------------------------------------------------
def read_csv_files(path: Path, options) -> Data:
    if options.labels or options.test_labels:
        raise UsageError("--labels and --test-labels need IDX files or NumPy arrays: give --target COLUMN for a CSV file")
    X, y, names = datasets.read_csv(path, column(options.target), header=options.header, dtype="float64")
    rest = None
    if options.test:
        *rest, test_names = datasets.read_csv(options.test, column(options.target), header=options.header, dtype="float64")
        if test_names != names:
            raise ValueError(f"{options.test} must have the same column names as {path}")
    what = f"{path.name}: {X.shape[1]} inputs; target column {options.target or 'label, else the first'}"
    data = Data(*parts(X, y, rest, options), what)
    unite_labels(data)
    data.target = target_name(path, options, names)
    return standardized(data, names, options.dtype)


def target_name(path: Path, options, names: list[str] | None) -> str:
    if names is None:
        return "prediction"
    with datasets.read_rows(path, header=options.header) as (header, _):
        return next((name for name in header or [] if name not in names), "prediction")


def column(target: str | None) -> str | int | None:
    return int(target) if target is not None and re.fullmatch("-?[0-9]+", target) else target


def unite_labels(data: Data) -> None:
    """If the labels of one part are strings, make both parts strings: 1, 2, x are integers in a part without x."""
    kinds = {data.y.dtype.kind, data.y_test.dtype.kind}
    if kinds == {"U", "f"}:
        raise ValueError("the target must have the same kind in both files, got strings in one and numbers in the other")
    if "U" in kinds:
        data.y, data.y_test = data.y.astype(str), data.y_test.astype(str)


def standardized(data: Data, names: list[str] | None, dtype: str) -> Data:
    """X of both parts standardized by mean and standard deviation of the training samples, in the network's dtype."""
    data.columns = Columns.fit(Table(data.X, names), scale="standard")
    data.X, data.X_test = (data.columns.transform(part, dtype) for part in (data.X, data.X_test))
    return data


def parts(X: Array, y: Array, rest, options) -> tuple[Array, Array, Array, Array]:
    """Training and test samples: with rest, rest is the test set, else a random split."""
    if rest is None:
        return split(X, y, options.test_fraction or TEST_FRACTION, options.seed)
    here, there = (f"{array.shape[1]} inputs ({array.dtype})" for array in (X, rest[0]))
    if here != there:
        raise ValueError(f"test samples must have {here} as the training samples, got {there}")
    return X, y, *rest


def split(X: Array, y: Array, fraction: float, seed: int) -> tuple[Array, Array, Array, Array]:
    """A random split: a fraction of the samples is held out for testing."""
    if len(X) != len(y):
        raise ValueError(f"there must be one label for each of {len(X):,} samples, got {len(y):,}")
    n_test = round(len(X) * fraction)
    if not 0 < n_test < len(X):
        use = "training" if n_test else "test"
        raise ValueError(f"too few samples, {len(X):,}, for --test-fraction {fraction}: no {use} samples would be left")
    order = np.random.default_rng(seed).permutation(len(X))
    return X[order[:-n_test]], y[order[:-n_test]], X[order[-n_test:]], y[order[-n_test:]]
