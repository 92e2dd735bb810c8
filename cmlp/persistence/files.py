"""Atomic writes: a file is written completely or not at all."""

import contextlib
import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

LONGEST_NAME = 200  # characters of the file name that the name of the temporary file repeats


def write_whole(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write to a temporary file in the same folder, then rename it: readers see the old file or the new one.

    File and folder are synchronized to disk (fsync) before this returns. Temporary files left by dead processes are removed.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # a pipe, a terminal, /dev/null: nothing to replace
        with path.open("wb") as file:
            file.writelines(parts)
        return
    sweep(path)
    temporary = path.with_name(f".{path.name[:LONGEST_NAME]}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        with temporary.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno is not None and error.filename is not None:
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    synchronize(path.parent)


def check_place(path: str | os.PathLike[str]) -> None:
    """Raise if the file cannot be written, as far as that is known in advance.

    Raises
    ------
    OSError
    """
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a directory", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "its directory does not exist", str(path))
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, "its directory is not writable", str(path))


def sweep(path: Path) -> None:
    """Remove temporary files of this file that dead processes have left."""
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


def synchronize(folder: Path) -> None:
    """Synchronize the entries of a folder to disk, where the system supports that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
