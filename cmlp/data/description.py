"""What columns become, in words: the printed table, and names for the columns of the result."""

from typing import Any

import numpy as np

MOST_ROWS = 60  # columns that are printed


def names_out(columns: Any) -> list[str]:
    """The names of the columns of the result, as scikit-learn's transformers call them."""

    def named(feature: Any) -> str:
        return "_".join(filter(None, (str(columns.name(feature.place)), feature.part)))

    names = [named(columns.features[number]) for number in columns.kept]
    names += [f"missingindicator_{named(columns.features[number])}" for number in columns.indicated]
    for place, categories in zip(columns.categorical, columns.categories):
        names += [f"{columns.name(place)}_{level}" for level in categories.names()]
    return names


def table(columns: Any) -> str:
    """A line for each column: its name, its kind, what happens to missing cells, what it becomes."""
    rows = [("column", "kind", "missing cells", "becomes")]
    known = dict(zip(columns.categorical, columns.categories))
    of_column: dict[int, list[int]] = {}
    for number, feature in enumerate(columns.features):
        of_column.setdefault(feature.place, []).append(number)
    for place, kind in list(enumerate(columns.kinds))[:MOST_ROWS]:
        name = "".join(char if char.isprintable() else "?" for char in str(columns.name(place)))
        if place in known:
            rows.append((name, kind, *of_categories(known[place])))
        elif place not in of_column:
            rows.append((name, kind, "", "nothing"))
        else:
            rows.append((name, kind, *of_numbers(columns, of_column[place])))
    widths = [max(len(row[j]) for row in rows) for j in range(3)]
    lines = ["  ".join([*(text.ljust(width) for text, width in zip(row, widths)), row[3]]).rstrip() for row in rows]
    more = columns.n_columns - MOST_ROWS
    return "\n".join(lines + ([f"... and {more} more columns"] if more > 0 else []))


def of_categories(categories: Any) -> tuple[str, str]:
    missing = "a category" if categories.has_missing else "as unseen"
    return missing, f"{categories.width} columns: {categories.shown()}"


def of_numbers(columns: Any, numbers: list[int]) -> tuple[str, str]:
    first = numbers[0]
    if columns.fill is None:
        missing = "refused"
    elif np.isnan(columns.fill[first]):
        return "all of them", "nothing"
    elif np.isinf(columns.fill[first]):
        missing = "refused"
    else:
        missing = f"filled with {columns.fill[first]:.6g}" + (", marked" if first in columns.indicated else "")
    n = len(numbers) + sum(number in columns.indicated for number in numbers)
    return missing, ("1 number" if n == 1 else f"{n} numbers") + scaled(columns, columns.kept.index(first))


def scaled(columns: Any, number: int) -> str:
    if columns.quantiles is not None:
        return ": normal by ranks" if number in columns.ranked else ""
    if columns.center is None:
        return ""
    center, width = columns.center[number], columns.scale[number]
    return "" if (center, width) == (0, 1) else f": center {center:.6g}, scale {width:.6g}"
