"""What a user should know about the columns of a table: text that may be an identifier, or numbers but for a few fields."""

import shlex
from collections import Counter

import numpy as np

from cmlp.cli.sources import Place
from cmlp.data import Table
from cmlp.data.kinds import CATEGORICAL, kind_of
from cmlp.datasets.fields import CODES, is_missing, is_number

FEWEST_ROWS = 20  # fields of a column that a note is about are more
NUMBERS = 0.9  # share of the fields that are numbers, from which on the others are likely to be mistakes


def notes_on(table: Table, place: Place) -> list[str]:
    """The notes, in the order of the columns."""
    found = []
    for i, column in enumerate(table.columns):
        if kind_of(column, i) != CATEGORICAL or not isinstance(column, np.ndarray) or len(column) <= FEWEST_ROWS:
            continue
        fields, name = column.tolist(), table.names[i] if table.names else str(place.columns[i])
        label = repr(name) if table.names else name
        note = odd_fields(fields, label, place) or identifier(fields, label, name)
        found += [note] if note else []
    return found


def identifier(fields: list, label: str, name: str) -> str | None:
    """A note on a column of text whose values hardly recur."""
    n = len(set(fields))
    if 2 * n <= len(fields):
        return None
    return (
        f"column {label} is text with {n:,} different values in {len(fields):,} rows: it may be an identifier; "
        f"--drop {shlex.quote(name)} leaves it out"
    )


def odd_fields(fields: list, label: str, place: Place) -> str | None:
    """A note on a column of text that would be numbers without a few fields."""
    counts = Counter(field for field in fields if isinstance(field, str) and not is_missing(field))
    odd = {field: n for field, n in counts.items() if not is_number(field)}
    n_odd, n = sum(odd.values()), counts.total()
    if not odd or n_odd > (1 - NUMBERS) * n or any(map(CODES.fullmatch, counts)):
        return None
    first = next(field for field in fields if field in odd)
    where = place.row(fields.index(first)).rpartition(", ")[2]
    are = "fields is no number" if n_odd == 1 else "fields are no numbers"
    note = f"column {label} is text because of {first[:40]!r} in {where} ({n_odd:,} of {n:,} {are})"
    return note if len(odd) > 1 else f"{note}; --missing {shlex.quote(first)} reads it as missing"
