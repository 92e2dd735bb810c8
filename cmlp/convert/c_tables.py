"""Constants in C: tables of numbers, strings, comments."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from cmlp.layers import Array

ON_A_LINE = 8  # numbers
LONGEST_TEXT = 1000  # characters, each up to four octal escapes


def table(kind: str, name: str, values: Iterable[str]) -> str:
    each = list(values)
    lines = [", ".join(each[i : i + ON_A_LINE]) for i in range(0, len(each), ON_A_LINE)]
    return f"static const {kind} {name}[{len(each)}] = {{\n    " + ",\n    ".join(lines) + "};\n"


def numbers(name: str, array: Array, kind: str = "real") -> str:
    """A table of numbers, with enough digits to restore them exactly."""
    single = array.dtype == np.float32
    digits, suffix = (9, "f") if single else (17, "")
    texts = (f"{value:.{digits - 1}e}{suffix}" if value else f"0.0{suffix}" for value in array.ravel().tolist())
    return table(kind, name, texts)


def text(value: Any) -> str:
    """A C string literal: printable ASCII as it is, other bytes as octal escapes."""
    if len(str(value)) > LONGEST_TEXT:
        raise ValueError(
            f"labels and categories must have at most {LONGEST_TEXT:,} characters for to_c, got {len(str(value)):,}"
        )
    plain = {byte: chr(byte) for byte in range(32, 127) if chr(byte) not in '"\\?'}
    return '"' + "".join(plain.get(byte, f"\\{byte:03o}") for byte in str(value).encode()) + '"'


def comment(value: str) -> str:
    """A string that is safe inside a C comment."""
    return "".join(char if char.isascii() and char.isprintable() and char not in "*/\\?" else "_" for char in value)


def number(value: float) -> str:
    return f"(real){value!r}"


def table_of_texts(name: str, texts: Sequence[str | None]) -> str:
    """A table of strings, null pointers for None."""
    each = ", ".join("0" if value is None else text(value) for value in texts)
    return f"static const char *const {name}[{len(texts)}] = {{{each}}};\n"
