"""The records of a CSV file: lines of UTF-8, several lines where a quoted field holds line ends."""

import codecs
import contextlib
import csv
import re
from collections.abc import Iterator
from itertools import chain, islice

QUOTED = re.compile(r'"[^"]*"')
STRAY = re.compile(rb"\0|\r(?=[^\r\n])")
SPECIAL = re.compile(rb'["\0]|\r[^\n]|\n[ \r]*\n|\xEF\xBB\xBF')  # what a chunk of lines must not hold to be decoded at once
CARRIAGE_RETURN = "carriage return inside the line: if lines end with it, as on old Macs, save the file with LF line ends"
LINES = 1000  # in a chunk
LONGEST = 1000  # lines of a record, so that a quote that is never closed does not read the whole file


def records(path, stream, delimiter: str) -> Iterator[tuple[int, str]]:
    """(number of the first line, text) of each record; blank lines are allowed only at the end of the file."""
    return chain.from_iterable(chunks(path, enumerate(stream, start=1), delimiter))


def chunks(path, lines: Iterator[tuple[int, bytes]], delimiter: str) -> Iterator[list[tuple[int, str]]]:
    """The records of about LINES lines at a time."""
    blank = 0
    while chunk := list(islice(lines, LINES)):
        raws = [raw for _, raw in chunk]
        if not blank and not SPECIAL.search(b"".join([b"\n", *raws])):
            with contextlib.suppress(UnicodeDecodeError):
                yield list(zip(range(chunk[0][0], chunk[-1][0] + 1), map(bytes.decode, raws)))
                continue
        found, rest = [], iter(chunk)
        following = decoded(path, chain(rest, lines), delimiter)
        for line, text in decoded(path, rest, delimiter):
            if not text.strip(" \r\n"):
                blank = blank or line
                continue
            if blank:
                raise ValueError(f"{path}, line {blank}: blank line before the last row")
            found.append((line, completed(path, line, text, following) if is_open(text, delimiter) else text))
        yield found


def decoded(path, lines: Iterator[tuple[int, bytes]], delimiter: str) -> Iterator[tuple[int, str]]:
    for line, raw in lines:
        raw = raw.removeprefix(codecs.BOM_UTF8) if line == 1 else raw
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            place = location(path, line, raw[: error.start], delimiter)
            raise ValueError(f"{place}: byte 0x{raw[error.start]:02X} is not valid UTF-8: save the file as UTF-8") from None
        if stray := STRAY.search(raw):
            what = "NUL byte" if stray[0] == b"\0" else CARRIAGE_RETURN
            raise ValueError(f"{location(path, line, raw[: stray.start()], delimiter)}: {what}")
        yield line, text


def location(path, line: int, before: bytes, delimiter: str) -> str:
    return f"{path}, line {line}, column {QUOTED.sub('', before.decode()).count(delimiter) + 1}"


def is_open(text: str, delimiter: str) -> bool:
    """Whether a field that begins with a quote does not end in this line."""
    if text.count('"') % 2 == 0:
        return False
    before = QUOTED.sub("", text).partition('"')[0]
    before = before if delimiter == " " else before.rstrip(" ")
    return not before or before[-1] == delimiter


def completed(path, line: int, text: str, lines: Iterator[tuple[int, str]]) -> str:
    """A record whose quoted field goes on in the next lines."""
    parts, quotes = [text], text.count('"')
    for _, more in lines:
        parts.append(more)
        quotes += more.count('"')
        if quotes % 2 == 0:
            return "".join(parts)
        if len(parts) == LONGEST:
            break
    raise ValueError(f"{path}, line {line}: unclosed quote")


def split_record(text: str, line: int, path, delimiter: str) -> list[str]:
    """The fields of a record, without the spaces around them."""
    if '"' not in text:
        return [field.strip() for field in text.split(delimiter)]
    try:
        (fields,) = csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")
    except (csv.Error, ValueError) as error:
        problem = "unclosed quote" if "unexpected end" in str(error) else error
        raise ValueError(f"{path}, line {line}: {problem}") from error
    return [field.strip() for field in fields]
