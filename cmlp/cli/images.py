"""Images and labels from IDX files, and matrices from NumPy files."""

import tokenize
import zipfile
from pathlib import Path

import numpy as np

from cmlp import datasets
from cmlp.cli.samples import Data, parts
from cmlp.cli.sources import UsageError
from cmlp.data import Columns
from cmlp.layers import Array


def read_mnist_folder(folder: Path, options) -> Data:
    if options.test or options.test_fraction or options.labels or options.test_labels:
        raise UsageError("--test, --test-fraction, --labels and --test-labels need a file, got a folder")
    return idx_data(images_in(folder, "train"), images_in(folder, "t10k"), options)


def images_in(folder: Path, part: str) -> Path:
    found = sorted(folder.glob(f"{part}-images*idx?-ubyte*"))
    if not found:
        raise ValueError(
            f"{folder}: the folder must hold {part}-images-idx3-ubyte or {part}-images-idx3-ubyte.gz; or give a file"
        )
    return found[0]


def read_idx_files(path: Path, options) -> Data:
    return idx_data(path, Path(options.test) if options.test else None, options)


def idx_data(path: Path, test: Path | None, options) -> Data:
    X, y = images_and_labels(path, options.labels)
    rest = images_and_labels(test, options.test_labels) if test else None
    what, scale = f"{path.name}: {X.shape[1]} inputs; labels", 1 / 255 if X.dtype == np.uint8 else 1.0
    return Data(*arrays(X, y, rest, options), what, y.dtype.kind != "f", scale)


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
    if not options.labels or bool(options.test) != bool(options.test_labels):
        raise UsageError(f"{path}: a NumPy array needs --labels FILE and, with --test FILE, --test-labels FILE")
    X, y = array(path), array(Path(options.labels), 1)
    rest = (array(Path(options.test)), array(Path(options.test_labels), 1)) if options.test else None
    what = f"{path.name}: {X.shape[1]} inputs; {Path(options.labels).name}"
    data = Data(*arrays(X, y, rest, options), what)
    if X.dtype == np.uint8:
        data.input_scale = 1 / 255
        return data
    data.columns = Columns.fit(data.X, scale=None if options.scale == "none" else options.scale, impute=True)
    data.X, data.X_test = (data.columns.transform(part, options.dtype) for part in (data.X, data.X_test))
    return data


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


def arrays(X: Array, y: Array, rest, options) -> tuple[Array, Array, Array, Array]:
    """Training and test samples: with rest, rest is the test set, else a random split."""
    if rest is None:
        if len(X) != len(y):
            raise ValueError(f"there must be one label for each of {len(X):,} samples, got {len(y):,}")
        rows, test_rows = parts(len(X), options)
        return X[rows], y[rows], X[test_rows], y[test_rows]
    here, there = (f"{array.shape[1]} inputs ({array.dtype})" for array in (X, rest[0]))
    if here != there:
        raise ValueError(f"test samples must have {here} as the training samples, got {there}")
    return X, y, *rest
