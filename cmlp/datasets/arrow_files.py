"""Parquet and Arrow IPC files through pyarrow (`cmlp[arrow]`), batch by batch."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

PARQUET_MAGIC, ARROW_MAGIC = b"PAR1", b"ARROW1"
INDEX = re.compile(r"__index_level_[0-9]+__")  # how pandas names its index, which is no column


def is_arrow(beginning: bytes) -> bool:
    """Whether a file with these first bytes is Parquet or Arrow IPC."""
    return beginning.startswith((PARQUET_MAGIC, ARROW_MAGIC))


def arrow_batches(stream: Any, path: Any, beginning: bytes, n_rows: int = 1 << 16, empty: bool = False) -> Iterator[Any]:
    """The record batches of a Parquet or Arrow IPC file that hold any row, without pandas' index.

    With `empty`, a file without rows yields one batch of none.

    Raises
    ------
    ImportError
        Without pyarrow.
    ValueError
        If the file is damaged; if it holds no rows, unless `empty`.
    """
    name = "Parquet" if beginning.startswith(PARQUET_MAGIC) else "Arrow IPC"
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        raise ImportError(f"{path} is a {name} file, which needs pyarrow: pip install 'cmlp[arrow]'") from None
    read = parquet_batches if name == "Parquet" else ipc_batches
    none, batch = True, None
    try:
        for batch in read(stream, n_rows):
            if batch.num_rows:
                none = False
                yield without_index(batch)
        if none and empty:
            yield without_index(batch)
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise ValueError(f"{path} is a damaged {name} file: {error}") from None
    if none and not empty:
        raise ValueError(f"{path}: the table has no rows")


def parquet_batches(stream: Any, n_rows: int) -> Iterator[Any]:
    """The batches, and an empty one at the end."""
    with importlib.import_module("pyarrow.parquet").ParquetFile(stream) as file:
        yield from file.iter_batches(batch_size=n_rows)
        yield importlib.import_module("pyarrow").RecordBatch.from_pylist([], schema=file.schema_arrow)


def ipc_batches(stream: Any, n_rows: int) -> Iterator[Any]:
    """The batches, and an empty one at the end."""
    with importlib.import_module("pyarrow.ipc").open_file(stream) as file:
        for k in range(file.num_record_batches):
            yield file.get_batch(k)
        yield importlib.import_module("pyarrow").RecordBatch.from_pylist([], schema=file.schema)


def without_index(batch: Any) -> Any:
    names = batch.schema.names
    kept = [name for name in names if not INDEX.fullmatch(name)]
    return batch if len(kept) == len(names) else batch.select(kept)
