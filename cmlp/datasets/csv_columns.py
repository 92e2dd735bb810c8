"""The columns of a CSV file as numbers, booleans, dates and text, by their content, in blocks of bounded memory."""

import re
import warnings
from collections.abc import Container, Sequence
from itertools import groupby

import numpy as np

from cmlp.data import Table
from cmlp.datasets.csv_files import Records, blocks_of, holds, rows_of
from cmlp.datasets.csv_rows import lines_of
from cmlp.datasets.csv_start import Start, check_names
from cmlp.datasets.fields import Array, as_objects, joined_parts, texts, typed

FIRST = 100  # records that decide how the next ones are parsed


class Reading:
    """One pass over a file; columns that look like numbers at first and hold text further below are lost, and need another."""

    def __init__(
        self,
        begun: Start,
        drop: Sequence[str | int],
        text: Container[str | int],
        kinds: list[str] | None,
        unwanted: Container[str] = (),
    ) -> None:
        self.begun = begun
        names = begun.names or range(begun.width)
        dropped = {begun.place(column) for column in drop} | {i for i, name in enumerate(names) if name in unwanted}
        check_names(begun.path, begun.names, dropped)
        self.kept = [i for i in range(begun.width) if i not in dropped]
        kinds = kinds or ["text" if names[place] in text else "missing" for place in self.kept]
        self.columns = [Column(kind) for kind in kinds]
        self.blocks: list[Sequence[int]] = []
        self.codes = re.compile(rf"[{re.escape(begun.delimiter)}\s+-]0[0-9]")  # some are none: 00.5

    def read(self) -> None:
        for block in blocks_of(self.begun):
            self.blocks.append(lines_of(block))
            for part in (block[:FIRST], block[FIRST:]) if len(self.blocks) == 1 else (block,):
                if part and not self.add_regular([text for _, text in part]):
                    self.add_fields(part)

    def add_regular(self, block: list[str]) -> bool:
        """Parse a block of numbers and text where the rows before were; False if it holds anything else."""
        kinds = [column.dtype for column in self.columns]
        if None in kinds or len(self.kept) < self.begun.width or self.begun.decimal != ".":
            return False
        joined = "".join(["\n", *block])
        if '"' in joined or self.codes.search(joined) or holds(joined, self.begun.missing):
            return False
        runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
        row = np.dtype([(str(k), kind, (length,)) for k, (kind, length) in enumerate(runs)])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # older NumPy reads 1.5 as the integer 1, and only warns
                rows = np.loadtxt(block, row, comments=None, delimiter=self.begun.delimiter, ndmin=1)
        except (ValueError, Warning):
            return False
        if len(rows) < len(block):
            return False
        columns = iter(self.columns)
        for name in row.names or ():
            for values in rows[name].T:
                column = next(columns)
                if values.dtype == object:
                    column.add_fields([text.strip() for text in values])
                else:
                    column.add("number", np.ascontiguousarray(values))
        return True

    def add_fields(self, block: Records) -> None:
        columns = list(zip(*rows_of(self.begun, block)))
        for column, place in zip(self.columns, self.kept):
            column.add_fields(list(columns[place]))

    @property
    def lines(self) -> Sequence[int]:
        """The first line of each row."""
        first, last, n = self.blocks[0][0], self.blocks[-1][-1], sum(map(len, self.blocks))
        return range(first, last + 1) if last - first + 1 == n else [line for block in self.blocks for line in block]

    def table(self) -> Table:
        names = None if self.begun.names is None else [self.begun.names[i] for i in self.kept]
        return Table([column.values() for column in self.columns], names)


class Column:
    """A column as its blocks come; its kind is that of all blocks so far."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.parts: list[Array] = []
        self.known: dict[str, str] = {}
        self.has_words = False  # such as NA, which are missing unless the column turns out to be text
        self.is_lost = False  # it is text after blocks that were not kept as text

    @property
    def dtype(self) -> np.dtype | None:
        """What the next block is likely to be: int64, float64, or objects for text; None for anything else."""
        if self.kind == "text":
            return np.dtype(object)
        last = self.parts[-1].dtype if self.kind == "number" and self.parts else None
        return last if last is not None and last.kind in "if" else None

    def add_fields(self, fields: list[str]) -> None:
        if self.kind == "text":
            if not self.is_lost:
                self.parts.append(texts(fields, self.known))
            return
        kind, values = typed(fields)
        self.has_words = self.has_words or (kind == "missing" and any(fields))
        self.add(kind, texts(fields, self.known) if kind == "text" else values)

    def add(self, kind: str, values: Array) -> None:
        if kind not in ("missing", self.kind):
            if self.kind == "missing":
                self.kind = kind
                self.is_lost = kind == "text" and self.has_words
            else:
                self.kind, self.is_lost = "text", True
        if self.is_lost:
            self.parts.clear()
        else:
            self.parts.append(values)

    def values(self) -> Array:
        """All blocks as one array."""
        if self.kind == "date":
            return np.concatenate([part if part.dtype.kind == "M" else nothing(part, "datetime64[D]") for part in self.parts])
        if self.kind == "number":
            return joined_parts([part if is_number_part(part) else nothing(part, "float64") for part in self.parts])
        if self.kind == "boolean":
            return joined_parts(self.parts)
        return np.concatenate([as_objects(part.tolist()) for part in self.parts])


def is_number_part(part: Array) -> bool:
    return part.dtype.kind != "O" or any(value is not None for value in part)


def nothing(part: Array, dtype: str) -> Array:
    """Missing values in place of a block of None."""
    return np.full(len(part), np.nan if dtype == "float64" else np.datetime64("NaT"), dtype=dtype)
