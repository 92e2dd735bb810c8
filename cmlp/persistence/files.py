"""Files that are written whole or not at all."""

import contextlib
import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

LONGEST_NAME = 200  # characters of it that the name of its beginning repeats


def write_whole(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write under another name in the same folder, then rename: whoever reads finds the old file or the new one.

    The file and the folder are synchronised with the disk before this returns. What processes that are no more have left
    half written is taken away.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # a pipe, a terminal, /dev/null: nothing to be replaced
        with path.open("wb") as file:
            file.writelines(parts)
        return
    sweep(path)
    beside = path.with_name(f".{path.name[:LONGEST_NAME]}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        with beside.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if error.errno is not None and error.filename is not None:
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    synchronise(path.parent)


def check_place(path: str | os.PathLike[str]) -> None:
    """Raise if a file cannot be written there, as far as that can be known before.

    Raises
    ------
    OSError
    """
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no folder for it", str(path))
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, "its folder cannot be written to", str(path))


def sweep(path: Path) -> None:
    """Remove the beginnings of this file that dead processes have left."""
    name = path.name[:LONGEST_NAME]
    pattern = re.compile(re.escape(f".{name}.") + r"(\d+)(-[0-9a-f]+)?\.part")
    for other in path.parent.glob(f".{glob_escaped(name)}.*.part"):
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
    except (OSError, OverflowError):
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
