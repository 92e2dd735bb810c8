"""Files as somebody makes them who knows the format: changed, and with the right checksum."""

import json
import re
from contextlib import contextmanager

import pytest

from cmlp import DamagedFileError
from cmlp.persistence.safetensors import begin_checksum

# Code for a process that is killed in the middle of what it does, always in the same place.
KILLED_AT = """
import os, signal, sys

def killed_at(moment, in_calls_of=""):
    def count(frame, event, argument):
        nonlocal moment
        if frame.f_code.co_filename.endswith(in_calls_of):
            moment -= 1
            if moment == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
"""


def parts(content):
    """(header, data) of a file."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header, data, text=None):
    text = json.dumps(header).encode() if text is None else text
    return len(text).to_bytes(8, "little") + text + data


def signed(header, data):
    digest = begin_checksum(header)
    digest.update(data)
    header["__metadata__"]["sha256"] = digest.hexdigest()
    return joined(header, data)


def changed(section, edit):
    """A function of (header, data) that edits a part of the description."""

    def change(header, data):
        described = json.loads(header["__metadata__"][section])
        edit(described)
        header["__metadata__"][section] = json.dumps(described)
        return signed(header, data)

    return change


def updated(section, **changes):
    return changed(section, lambda described: described.update(changes))


def updated_columns(section, **changes):
    return changed(section, lambda described: described["columns"].update(changes))


def damaged(content, rng, every=1):
    """The file with a byte changed, and beginnings of it: at both ends each, between them every so many bytes."""
    ends = {*range(16), *range(len(content) - 16, len(content))}
    for place in sorted(ends | {*range(int(rng.integers(every)), len(content), every)}):
        yield content[:place] + bytes([content[place] ^ int(rng.integers(1, 256))]) + content[place + 1 :]
        yield content[:place]


@contextmanager
def refused(path, message, error=DamagedFileError):
    """An error about this file whose text without the path, which holds the name of a test, matches."""
    with pytest.raises(error) as caught:
        yield
    text = str(caught.value)
    assert str(path) in text
    assert re.search(message, text.replace(str(path), "")), text
