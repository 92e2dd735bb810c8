"""What another format has, and what it does not."""

from collections.abc import Mapping
from typing import Any

from cmlp.data.columns import Columns


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


def check_columns(columns: Columns, format: str) -> None:
    """Raise if a format cannot express the preprocessing.

    Raises
    ------
    ValueError
    """
    refusing = next((k for k, each in enumerate(columns.categories) if each.handle_unknown == "error"), None)
    if refusing is not None:
        raise ValueError(
            f"{format} cannot refuse categories that training did not have, as column "
            f"{columns.name(columns.categorical[refusing])!r} does: use handle_unknown='ignore'"
        )
