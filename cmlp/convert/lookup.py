"""Lookup of the equivalents of activations and norms in another format."""

from collections.abc import Mapping
from typing import Any


def entry(table: Mapping[Any, Any], key: Any, format: str, refused: Mapping[str, str] | None = None) -> Any:
    """The equivalent of an activation or a norm in a format.

    Raises
    ------
    ValueError
        If the format has none; with the reason that `refused` gives.
    """
    if key in table:
        return table[key]
    name = key.__name__ if isinstance(key, type) else repr(key)
    reason = (refused or {}).get(key, "it has no equivalent in the table of this format")
    raise ValueError(f"{format} does not support {name}: {reason}")
