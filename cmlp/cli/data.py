"""Reading training data: tables, IDX and NumPy files."""

from pathlib import Path

from cmlp.cli.images import read_arrays, read_idx_files, read_mnist_folder
from cmlp.cli.samples import Data
from cmlp.cli.sources import UsageError, format_of
from cmlp.cli.tables import read_tables


def read(options) -> Data:
    """The data of ``cmlp train``."""
    if options.test_labels and not options.test:
        raise UsageError("--test-labels needs --test")
    kind = format_of(options.data)
    if kind == "table":
        return read_tables(options)
    if options.target is not None:
        raise UsageError("--target needs a table: give --labels for IDX files and NumPy arrays")
    return READERS[kind](Path(options.data), options)


READERS = {"folder": read_mnist_folder, "idx": read_idx_files, "npy": read_arrays}
