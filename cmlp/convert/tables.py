"""Looking up what a format has for an activation or a norm."""

from collections.abc import Mapping
from typing import Any


def entry(table: Mapping[Any, Any], key: Any, format: str, refused: Mapping[str, str] | None = None) -> Any:
    """The row of a format's table.

    Raises
    ------
    ValueError
        If the format has none; with the reason, where `refused` gives one.
    """
    if key in table:
        return table[key]
    name = key.__name__ if isinstance(key, type) else repr(key)
    reason = (refused or {}).get(key, "it has no row in the table of this format")
    raise ValueError(f"{format} does not support {name}: {reason}")
