"""What a command prints: lines for people, or one JSON object for machines."""

import contextlib
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np


class Output:
    """Lines on standard output; with `as_json` on standard error, and what was added as one JSON object on standard output."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.content: dict[str, Any] = {}

    def say(self, text: str) -> None:
        print(text, flush=True)

    def say_any(self, text: str | None) -> None:
        """A line, if there is one to print."""
        if text:
            self.say(text)

    def add(self, **content: Any) -> None:
        self.content |= content

    @contextlib.contextmanager
    def redirected(self) -> Iterator[None]:
        """Standard output is standard error within, if the object is to be alone there."""
        if not self.as_json:
            yield
            return
        with contextlib.redirect_stdout(sys.stderr):
            yield
        print(json.dumps(plain(self.content), allow_nan=False), flush=True)


def plain(value: Any) -> Any:
    """As JSON can hold it; numbers that are not finite are null."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
