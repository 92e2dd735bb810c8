"""Files that are written whole or not at all."""

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: str | Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write under another name in the same folder, then rename: whoever reads finds the old file or the new one.

    The file and the folder are synchronised with the disk before this returns. What processes that are no more have left
    half written is taken away.
    """
    path = Path(path)
    sweep(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    synchronise(path.parent)


def sweep(path: Path) -> None:
    """Remove the beginnings of this file that dead processes have left."""
    pattern = re.compile(re.escape(f".{path.name}.") + r"(\d+)\.part")
    for other in path.parent.glob(f".{glob_escaped(path.name)}.*.part"):
        match = pattern.fullmatch(other.name)
        if match and not is_alive(int(match[1])):
            with contextlib.suppress(OSError):
                other.unlink()


def glob_escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def synchronise(folder: Path) -> None:
    """The folder's own entry for a renamed file, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
