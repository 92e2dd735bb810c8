"""The preprocessing of columns in C."""

import numpy as np

from cmlp.convert.c_tables import numbers, table, table_of_texts
from cmlp.data.categories import Categories
from cmlp.data.columns import Columns
from cmlp.data.kinds import CALENDAR
from cmlp.data.scaling import EDGE, HIGHEST, LOWEST


def prepare(columns: Columns | None) -> str:
    """The function ``prepare`` and its tables; nothing if the inputs are used as they are."""
    if columns is None:
        return ""
    made, body = [], ["int n = 0;"]
    if columns.features:
        made += number_tables(columns)
        body += number_lines(columns)
    for place, known in zip(columns.categorical, columns.categories):
        made.append(category_table(place, known))
        body += category_lines(place, known)
    declared = ["int i;", *(["double v;"] if columns.features else []), *(["int found;"] if columns.categories else [])]
    lines = "\n    ".join([*declared, *body])
    return "\n".join(made) + f"\nstatic void prepare(const input *x, real *a)\n{{\n    {lines}\n}}\n"


def number_tables(columns: Columns) -> list[str]:
    kept = [columns.features[i].place for i in columns.kept]
    made = [table("int", "numeric", map(str, kept))] if kept else []
    if has_calendar(columns):
        parts = ["", *CALENDAR]
        made.append(table("int", "parts", (str(parts.index(columns.features[i].part)) for i in columns.kept)))
    if columns.indicated:
        made.append(table("int", "indicated", (str(columns.features[i].place) for i in columns.indicated)))
    if columns.fill is not None and kept:
        made.append(table("double", "fill", map(number_or_nan, columns.fill[columns.kept].tolist())))
    if columns.center is not None and columns.scale is not None:
        made += [numbers("center", columns.center, "double"), numbers("spread", columns.scale, "double")]
    if columns.quantiles is not None:
        order = {number: k for k, number in enumerate(columns.ranked)}
        made.append(table("int", "ranked", (str(order.get(number, -1)) for number in range(columns.n_numbers))))
        made.append(numbers("quantiles", np.ascontiguousarray(columns.quantiles.T), "double"))
    return made


def has_calendar(columns: Columns) -> bool:
    return any(columns.features[i].part for i in columns.kept)


def number_lines(columns: Columns) -> list[str]:
    value = "v"
    if columns.quantiles is not None:
        k = len(columns.quantiles)
        score = f"normal_score(v, quantiles + (long)ranked[n] * {k}, {k}, {EDGE!r}, {LOWEST!r}, {HIGHEST!r})"
        value = f"(ranked[n] < 0 ? v : {score})"
    if columns.center is not None:
        value = f"({value} - center[n]) / spread[n]"
    lines = []
    if columns.kept:
        fill = ["if (v != v) v = fill[i];"] if columns.fill is not None else []
        read = "v = calendar(x[numeric[i]], parts[i]);" if has_calendar(columns) else "v = x[numeric[i]];"
        lines += loop(len(columns.kept), [read, *fill, f"a[n] = (real)({value});"])
    if columns.indicated:
        lines += loop(len(columns.indicated), ["v = x[indicated[i]] != x[indicated[i]];", f"a[n] = (real)({value});"])
    return lines


def number_or_nan(value: float) -> str:
    return f"{value:.17e}" if np.isfinite(value) else "NAN"


def loop(n: int, body: list[str]) -> list[str]:
    return [f"for (i = 0; i < {n}; i++, n++) {{", *(f"    {line}" for line in body), "}"]


def category_table(place: int, known: Categories) -> str:
    if known.are_text:
        names = ["" if level is None else str(level) for level in known.levels]
        stripped = [name.strip() for name in names]
        return table_of_texts(f"categories_{place}", stripped if len(set(stripped)) == len(names) else names)
    levels = [0.0 if level is None else float(level) for level in known.levels]
    return numbers(f"categories_{place}", np.array(levels or [0.0]), "double")


def category_lines(place: int, known: Categories) -> list[str]:
    n = len(known.levels)
    if known.are_text:
        same = f"x[{place}] == i"
    else:
        same = f"x[{place}] == categories_{place}[i]"
        if known.has_missing:
            same = f"i == {n - 1} ? x[{place}] != x[{place}] : {same}"
    lines = [
        f"(void)categories_{place};",
        "found = 0;",
        f"for (i = 0; i < {n}; i++)",
        f"    found += (a[n++] = {same}) != 0;",
    ]
    return [*lines, "a[n++] = !found;"] if known.n_infrequent else [*lines, "(void)found;"]
