"""The data sets: files that are read, files that are refused and where, and sets made from a seed."""

import doctest
import gzip
import importlib
import os
import re
import struct
import sys
import tracemalloc
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from common import run_python

from cmlp import datasets

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}
GENERATORS = [datasets.flower, datasets.moons, datasets.circles, datasets.spirals, datasets.xor]


@pytest.mark.parametrize("name", ["csv_files", "digits", "idx", "planar"])
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(f"cmlp.datasets.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_all_names_exist_and_are_documented():
    assert sorted(datasets.__all__) == datasets.__all__
    for name in datasets.__all__:
        assert getattr(datasets, name).__doc__


# IDX


def sample(kind, shape):
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape) * 37
    return (values % 251 - (0 if kind == "u1" else 120)).astype(kind)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 1, 3, 2), (0,), (2, 0, 3)])
@pytest.mark.parametrize("kind", IDX_TYPES.values())
def test_idx_round_trip(tmp_path, kind, shape, ending):
    path = tmp_path / f"file{ending}"
    array = sample(kind, shape)
    datasets.write_idx(path, array)
    back = datasets.read_idx(path)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.shape == shape
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == (ending == ".gz")


@pytest.mark.parametrize(("code", "kind"), IDX_TYPES.items())
def test_idx_bytes_are_those_of_the_format(tmp_path, code, kind):
    path = tmp_path / "file"
    array = sample(kind, (2, 3))
    expected = bytes([0, 0, code, 2]) + struct.pack(">II", 2, 3) + array.astype(f">{kind}").tobytes()
    for stored in (array, array.astype(f">{kind}"), np.asfortranarray(array)):
        datasets.write_idx(path, stored)
        assert path.read_bytes() == expected
    np.testing.assert_array_equal(datasets.read_idx(str(path)), array)


def test_idx_extreme_values_survive(tmp_path):
    path = tmp_path / "file"
    for kind in ("u1", "i1", "i2", "i4"):
        limits = np.array([np.iinfo(kind).min, np.iinfo(kind).max], dtype=kind)
        datasets.write_idx(path, limits)
        np.testing.assert_array_equal(datasets.read_idx(path), limits)
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    datasets.write_idx(path, special)
    assert datasets.read_idx(path).tobytes() == special.tobytes()


def test_idx_gzip_is_known_by_its_bytes_and_reproducible(tmp_path):
    array = sample("u1", (4, 5))
    first, second, plain = tmp_path / "first.gz", tmp_path / "second.gz", tmp_path / "plain"
    for path in (first, second, plain):
        datasets.write_idx(path, array)
    assert first.read_bytes() == second.read_bytes()
    renamed = first.rename(tmp_path / "no-ending")
    misnamed = plain.rename(tmp_path / "plain.gz")
    np.testing.assert_array_equal(datasets.read_idx(renamed), array)
    np.testing.assert_array_equal(datasets.read_idx(misnamed), array)


def test_idx_write_refuses_other_types_and_writes_nothing(tmp_path):
    path = tmp_path / "file"
    for array in (np.arange(3), np.zeros(3, "f2"), np.zeros(3, bool), np.zeros(3, "u2"), np.array(["a"])):
        with pytest.raises(ValueError, match=f"IDX.*{array.dtype}.*astype"):
            datasets.write_idx(path, array)
    wide = np.lib.stride_tricks.as_strided(np.zeros(1, "u1"), (2**32,), (0,))
    with pytest.raises(ValueError, match="4294967296"):
        datasets.write_idx(path, wide)
    assert not path.exists()


HEADER_2X3 = bytes([0, 0, 8, 2]) + struct.pack(">II", 2, 3)
MALFORMED_IDX = {
    "empty": (b"", r"\b4\b.*\b0\b"),
    "short": (b"\0\0\x08", r"\b4\b.*\b3\b"),
    "not zero": (b"\x89PNG\r\n", "byte 0.*0x89 0x50"),
    "second not zero": (b"\0\x01\x08\x01", "byte 0.*0x00 0x01"),
    "type": (b"\0\0\x0a\x01\0\0\0\x01a", r"byte 2.*0x0A.*0x08 \(uint8\), .*0x0E"),
    "rank": (b"\0\0\x08\x41" + bytes(4 * 65), "byte 3.*65.*64"),
    "sizes cut": (HEADER_2X3[:9], r"byte 4.*\b2\b.*\b8\b.*\b5\b"),
    "no data": (HEADER_2X3, r"byte 12.*2 x 3 uint8.*\b6\b.*\b0\b"),
    "data cut": (HEADER_2X3 + b"abcde", r"byte 12.*\b6\b.*\b5\b"),
    "extra": (HEADER_2X3 + b"abcdefg", "byte 18.*2 x 3 uint8"),
    "scalar cut": (b"\0\0\x0e\0abc", r"byte 4.*float64.*\b8\b.*\b3\b"),
    "huge": (b"\0\0\x08\x02" + b"\xff" * 8 + b"ab", "byte 4.*4294967295 x 4294967295 uint8"),
    "huge but empty": (b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12, "byte 4.*0 x 4294967295 "),
    "vast": (b"\0\0\x0e\x02" + b"\x7f\xff\xff\xff\0\0\xff\xff" + b"ab", r"byte 12.*\b2\b"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("content", "message"), MALFORMED_IDX.values(), ids=MALFORMED_IDX)
def test_idx_malformed(tmp_path, content, message, packed):
    path = tmp_path / "some-file"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(ValueError, match=("some-file.*unpacked.*" if packed else "some-file.*") + message):
        datasets.read_idx(path)


def test_idx_damaged_gzip(tmp_path):
    path = tmp_path / "some-file"
    whole = gzip.compress(HEADER_2X3 + b"abcdef", mtime=0)
    damaged_sum = whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]
    for content in (whole[:2], whole[:-1], whole[: len(whole) // 2], damaged_sum, whole + b"garbage"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"some-file.*gzip.*\(.+\)"):
            datasets.read_idx(path)


def test_idx_memory_follows_the_header_and_the_data_not_either_alone(tmp_path):
    path = tmp_path / "some-file"
    bomb = gzip.compress(HEADER_2X3 + bytes(50_000_000))
    liar = b"\0\0\x08\x02" + struct.pack(">II", 2**31, 2**31) + b"abc"
    for content, message in ((bomb, "byte 18"), (liar, r"\b3\b"), (gzip.compress(liar), r"\b3\b")):
        path.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=message):
                datasets.read_idx(path)
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()


def test_missing_files_stay_file_not_found(tmp_path):
    for read in (datasets.read_idx, datasets.read_csv):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "nowhere")


@pytest.mark.parametrize("packed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_idx_every_cut_and_every_changed_byte_reads_or_is_a_value_error(tmp_path, packed):
    path = tmp_path / "file"
    array = np.array([[1, -2]], dtype="i2")
    datasets.write_idx(path, array)
    content = path.read_bytes()
    content = gzip.compress(content, mtime=0) if packed else content

    def read(damaged):
        path.write_bytes(damaged)
        try:
            return datasets.read_idx(path)
        except ValueError:
            return None

    assert all(read(content[:length]) is None for length in range(len(content)))
    for position in range(len(content)):
        for flip in range(1, 256, 1 if position < 4 else 7):
            changed = bytearray(content)
            changed[position] ^= flip
            result = read(changed)
            assert result is None or isinstance(result, np.ndarray)
            if packed and result is not None:
                np.testing.assert_array_equal(result, array)


# CSV


@pytest.fixture
def table(tmp_path):
    """Write a text or bytes to a file, and give its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_csv_without_header_takes_the_first_column(table):
    X, y, names = datasets.read_csv(table("5,0,255\n4,1,2\n"))
    np.testing.assert_array_equal(X, np.array([[0, 255], [1, 2]]))
    np.testing.assert_array_equal(y, [5, 4])
    assert (X.dtype, y.dtype, names) == (np.float32, np.int64, None)
    assert X.flags.writeable
    assert X.flags.c_contiguous


def test_csv_header_is_detected_and_label_found(table):
    X, y, names = datasets.read_csv(table("a,label,b\n1,7,2.5\n3,8,4\n"))
    np.testing.assert_array_equal(X, [[1, 2.5], [3, 4]])
    np.testing.assert_array_equal(y, [7, 8])
    assert names == ["a", "b"]


def test_csv_header_without_label_takes_the_first_column(table):
    _, y, names = datasets.read_csv(table("digit,x\n7,1\n"))
    assert y.tolist() == [7]
    assert names == ["x"]


def test_csv_header_given(table):
    path = table("1,2\n3,4\n")
    _, y, names = datasets.read_csv(path, header=True, target="2")
    assert (y.tolist(), names) == ([4], ["1"])
    X, y, names = datasets.read_csv(table("red,1\nblue,2\n"), header=False)
    assert (X.tolist(), y.tolist(), names) == ([[1], [2]], ["red", "blue"], None)


@pytest.mark.parametrize(("target", "expected"), [(0, 1), (1, 2), (2, 3), (-1, 3), (-3, 1), ("b", 2), (np.int64(2), 3)])
def test_csv_target(table, target, expected):
    X, y, names = datasets.read_csv(table("a,b,c\n1,2,3\n"), target)
    assert y.tolist() == [expected]
    assert sorted([*X[0].tolist(), expected]) == [1, 2, 3]
    assert len(names) == 2


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["0", "-1", "+2", " 3 "], np.array([0, -1, 2, 3], dtype=np.int64)),
        (["9223372036854775807", "-9223372036854775808"], np.array([2**63 - 1, -(2**63)], dtype=np.int64)),
        (["9223372036854775808", "1"], np.array([2.0**63, 1.0])),
        (["1", "2.0"], np.array([1.0, 2.0])),
        (["1e3", "0.1"], np.array([1000.0, 0.1])),
        (["1", "two", "3.50"], np.array(["1", "two", "3.50"])),
        (["2020_01", "2020_02"], np.array(["2020_01", "2020_02"])),
        (["٣", "٤"], np.array(["٣", "٤"])),
        (["01", "2a"], np.array(["01", "2a"])),
    ],
)
@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("quote", ["", '"'])
def test_csv_type_of_the_target(table, labels, expected, column, quote):
    rows = [[quote + label + quote, "0.5"] for label in labels]
    path = table("\n".join(",".join(row if column == 0 else row[::-1]) for row in rows))
    X, y, _ = datasets.read_csv(path, column, header=False)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y, expected)
    assert X.tolist() == [[0.5]] * len(labels)


@pytest.mark.parametrize(
    "content",
    [
        b"label,a,b\n1,2,3\n4,5,6\n",
        b"label,a,b\n1,2,3\n4,5,6",
        b"label,a,b\r\n1,2,3\r\n4,5,6\r\n",
        b"\xef\xbb\xbflabel,a,b\n1,2,3\n4,5,6\n",
        b"label,a,b\n1,2,3\n4,5,6\n\n\r\n  \n",
        b"label , a, b\n 1,2 ,3\n4,\t5,6.0e0\n",
        b'"label","a","b"\n"1","2","3"\n"4","5","6"\n',
        b'"label","a","b"\n1, "2",3\n4,5,6\n',
        gzip.compress(b"label,a,b\n1,2,3\n4,5,6\n"),
        gzip.compress(b"\xef\xbb\xbflabel,a,b\r\n1,2,3\r\n4,5,6\r\n\r\n"),
    ],
)
def test_csv_tolerated_spellings(table, content):
    X, y, names = datasets.read_csv(table(content))
    np.testing.assert_array_equal(X, [[2, 3], [5, 6]])
    np.testing.assert_array_equal(y, [1, 4])
    assert names == ["a", "b"]


def test_csv_quoted_fields_hold_delimiters_and_quotes(table):
    X, y, names = datasets.read_csv(table('label,"size, mm"\n"red, dark",1\n"5"" pipe",2\n'))
    assert (X.tolist(), y.tolist(), names) == ([[1], [2]], ["red, dark", '5" pipe'], ["size, mm"])


@pytest.mark.parametrize("delimiter", [";", "\t", " ", "|", "#"])
def test_csv_delimiter(table, delimiter):
    X, y, names = datasets.read_csv(table("label,a\n1,2\n3,4\n".replace(",", delimiter)), delimiter=delimiter)
    assert (X.tolist(), y.tolist(), names) == ([[2], [4]], [1, 3], ["a"])


@pytest.mark.parametrize("delimiter", ["", ",,", "\n", '"', "a", "1", "-", ".", None])
def test_csv_delimiter_refused(table, delimiter):
    with pytest.raises((TypeError, ValueError), match=f"delimiter.*{re.escape(repr(delimiter))}"):
        datasets.read_csv(table("1,2\n"), delimiter=delimiter)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
def test_csv_dtype(table, dtype):
    X, _, _ = datasets.read_csv(table("1,2,127\n0,0,1.0\n"), dtype=dtype)
    assert X.dtype == dtype
    assert X.tolist() == [[2, 127], [0, 1]]


@pytest.mark.parametrize(("text", "dtype"), [("256", "u1"), ("-1", "u1"), ("0.5", "i4"), ("1e39", "f4"), ("4e9", "i4")])
def test_csv_value_outside_dtype(table, text, dtype):
    message = rf"table.csv.*line 3, column 2 \('x'\).* {text}.*{np.dtype(dtype)}"
    with pytest.raises(ValueError, match=message):
        datasets.read_csv(table(f"label,x\n0,1\n0,{text}\n"), dtype=dtype)


def test_csv_dtype_refused(table):
    with pytest.raises(ValueError, match=r"dtype.*complex128"):
        datasets.read_csv(table("1,2\n"), dtype=complex)


MALFORMED_CSV = {
    "empty file": ("", {}, "empty"),
    "only blank lines": ("\n\r\n \n", {}, "empty"),
    "only a mark": (b"\xef\xbb\xbf", {}, "empty"),
    "only a header": ("a,b\n\n", {}, "header"),
    "one column": ("1\n2\n", {}, "line 1.*delimiter ','"),
    "too few": ("a,b,c\n1,2,3\n1,2\n", {}, "line 3.*2.*3"),
    "too many": ("1,2,3\n1,2,3,4\n", {}, "line 2.*4.*3"),
    "missing": ("a,b,c\n1,2,3\n1,,3\n", {}, r"line 3, column 2 \('b'\).*empty"),
    "missing, no header": ("1,2,3\n1,2,\n", {}, "line 2, column 3.*empty"),
    "missing, quoted": ('1,2,3\n1,2,""\n', {}, "line 2, column 3.*empty"),
    "missing target": ("1,2,3\n ,2,3\n", {}, "line 2, column 1.*empty"),
    "text": ("a,b\n1,2\n1,red\n", {}, r"line 3, column 2 \('b'\).*'red'"),
    "long text": ("a,b\n1," + "x" * 999 + "\n", {}, r"line 2, column 2 \('b'\).*'x{40}'"),
    "underscore": ("1,2\n1,1_000\n", {}, "line 2, column 2.*'1_000'"),
    "other digits": ("1,2\n1,٣\n", {}, "line 2, column 2.*'٣'"),
    "comma as a point": ("1;2\n1;2,5\n", {"delimiter": ";"}, "line 2, column 2.*'2,5'"),
    "nan": ("1,2\n1,nan\n", {}, "line 2, column 2.*'nan'"),
    "inf": ("1,2\n1,-Infinity\n", {}, "line 2, column 2.*'-Infinity'"),
    "overflow": ("1,2\n1,1e999\n", {}, "line 2, column 2.*'1e999'"),
    "nan target": ("1,2\nNaN,2\n", {}, "line 2, column 1.*'NaN'"),
    "blank line": ("a,b\n1,2\n\n3,4\n", {}, "line 3.*blank"),
    "blank first": ("\na,b\n1,2\n", {}, "line 1.*blank"),
    "unknown target": ("a,b\n1,2\n", {"target": "z"}, "'z'.*'a', 'b'"),
    "unknown among many": (
        ",".join(f"p{i}" for i in range(30)) + "\n" + ",".join("1" * 30) + "\n",
        {"target": "z"},
        "'z'.*'p0', .*'p19'.*10",
    ),
    "position": ("1,2\n", {"target": 2}, "2.*0.*1"),
    "negative position": ("1,2\n", {"target": -3}, "-3.*0.*1"),
    "name without header": ("1,2\n", {"target": "a"}, "header.*'a'"),
    "duplicate": ("a,b,a\n1,2,3\n", {}, "line 1, column 3.*'a'.*column 1"),
    "nameless": ("a,,c\n1,2,3\n", {}, "line 1, column 2.*header"),
    "header refused": ("a,b\n1,2\n", {"header": False}, "line 1, column 2.*'b'"),
    "Latin 1": (b"a,b\n1,2\n1,caf\xe9\n", {}, "line 3, column 2.*byte 0xE9.*UTF-8"),
    "Latin 1 after quotes": (b'a,b\n"1,5",caf\xe9\n', {}, "line 2, column 2.*byte 0xE9.*UTF-8"),
    "Latin 1 header": (b"a,\xe9\n1,2\n", {}, "line 1, column 2.*byte 0xE9.*UTF-8"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), {}, "line 1, column 1.*byte 0xF[EF].*UTF-8"),
    "NUL": (b"1,2,3\n1,2\0,3\n", {}, "line 2, column 2.*NUL"),
    "old line ends": ("1,2\r3,4\r", {}, "line 1, column 2.*carriage return"),
    "open quote": ('a,b\n1,2\n"red,2\n3,4\n', {}, "line 3.*quote"),
    "line end in quotes": ('a,b\n"red\ndark",2\n', {}, "line 2.*quote"),
    "text after quote": ('a,b\n"red"dark,2\n', {}, r"line 2.*',' .*'\"'"),
    "open quote in header": ('"a,b\n1,2\n', {}, "line 1.*quote"),
    "cut gzip": (gzip.compress(b"a,b\n" + b"1,2\n" * 99)[:-6], {}, "gzip"),
}


@pytest.mark.parametrize(("content", "options", "message"), MALFORMED_CSV.values(), ids=MALFORMED_CSV)
def test_csv_malformed(table, content, options, message):
    with pytest.raises(ValueError, match=r"table\.csv.*" + message):
        datasets.read_csv(table(content), **options)


@pytest.mark.parametrize("content", [b'a,"b"\n1,2\n3,.5\n', b"a,b\n-1,2\n3,1e5\n"])
def test_csv_every_cut_and_many_changed_bytes_read_or_raise_value_error(table, content):
    def check(damaged):
        try:
            X, y, names = datasets.read_csv(table(damaged))
        except ValueError:
            return
        assert len(X) == len(y) > 0
        assert np.isfinite(X).all()
        assert names is None or len(names) == X.shape[1]

    for length in range(len(content)):
        check(content[:length])
    for position in range(len(content)):
        for flip in range(1, 256, 6):
            check(content[:position] + bytes([content[position] ^ flip]) + content[position + 1 :])


def test_csv_many_blocks_give_one_table_and_true_line_numbers(table, monkeypatch):
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", 12)
    rows = [f"{i % 3},{i},{i / 8},{-i}" for i in range(50)]
    rows[20] = '"2","20",2.5,-20'
    X, y, names = datasets.read_csv(table("label,a,b,c\n" + "\n".join(rows)), dtype="float64")
    i = np.arange(50)
    np.testing.assert_array_equal(X, np.column_stack([i, i / 8, -i]))
    np.testing.assert_array_equal(y, i % 3)
    assert names == ["a", "b", "c"]
    rows[41] = "red,41,oops,-41"
    with pytest.raises(ValueError, match=r"line 43, column 3 \('b'\).*'oops'"):
        datasets.read_csv(table("label,a,b,c\n" + "\n".join(rows)))


def test_csv_target_of_many_blocks_takes_the_simplest_type_for_all(table, monkeypatch):
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", 2)
    for last, kind, expected in (("4", "i", 1), ("4.5", "f", 1.0), ("magenta", "U", "1"), ("04", "U", "1")):
        _, y, _ = datasets.read_csv(table(f"1,2\n2,2\n3,2\n{last},2\n"), header=False)
        assert y.dtype.kind == kind
        assert y[0] == expected
        assert y[-1] == (last if kind == "U" else float(last))


def test_csv_floats_are_exact(table):
    values = np.random.default_rng(0).standard_normal((40, 5)) * 10.0 ** np.arange(-20, 20)[:, None]
    plain = "".join(",".join(map(repr, row)) + "\n" for row in values.tolist())
    quoted = plain.replace(",", '","').replace("\n", '"\n"')[:-1]
    for text in (plain, '"' + quoted):
        X, y, _ = datasets.read_csv(table(text), dtype="float64")
        np.testing.assert_array_equal(np.column_stack([y, X]), values)


PEAK = """
import sys
from pathlib import Path
from cmlp import datasets

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

before = peak()
X, y, _ = datasets.read_csv(sys.argv[1], dtype="float64")
print((peak() - before) / (X.nbytes + y.nbytes))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak memory from /proc, as on Linux")
def test_csv_memory_stays_near_the_result(table):
    path = table((",".join(map(str, range(200))) + "\n") * 40_000)
    done = run_python("-c", PEAK, path)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.5


# Digits


def test_digits_shape_range_and_counts():
    X, y = datasets.load_digits()
    assert (X.shape, X.dtype) == ((1797, 64), np.uint8)
    assert (y.shape, y.dtype) == ((1797,), np.int64)
    assert (X.min(), X.max()) == (0, 16)
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_fresh_and_writable():
    for split in (False, True):
        for array in datasets.load_digits(split):
            array[...] = 7
    X, y = datasets.load_digits()
    assert X[0].tolist()[:8] == [0, 0, 5, 13, 9, 1, 0, 0]
    assert y[:10].tolist() == list(range(10))


def test_digits_split_is_disjoint_stratified_and_always_the_same():
    X, y = datasets.load_digits()
    X_train, y_train, X_test, y_test = datasets.load_digits(split=True)
    assert X_train.shape == (1438, 64)
    assert X_test.shape == (359, 64)

    def rows(images, labels):
        return sorted(zip(map(bytes, images), labels.tolist()))

    assert len({bytes(image) for image in X}) == len(X)
    assert sorted(rows(X_train, y_train) + rows(X_test, y_test)) == rows(X, y)
    np.testing.assert_array_equal(np.bincount(y_test), np.round(np.bincount(y) / 5))
    test_rows = [i for i, image in enumerate(X) if bytes(image) in set(map(bytes, X_test))][:8]
    assert test_rows == [3, 7, 13, 19, 36, 38, 43, 48]


def test_digits_files_are_small_and_their_licence_is_told():
    folder = resources.files("cmlp.datasets") / "data"
    sizes = [len(file.read_bytes()) for file in folder.iterdir() if file.name.endswith(".gz")]
    assert len(sizes) == 2
    assert sum(sizes) < 100_000
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "CC BY 4.0" in text
    assert "10.24432/C50P49" in text


def test_digits_are_those_of_scikit_learn():
    sklearn_datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    theirs = sklearn_datasets.load_digits()
    X, y = datasets.load_digits()
    np.testing.assert_array_equal(X, theirs.data)
    np.testing.assert_array_equal(y, theirs.target)


# The plane


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("n", [4, 5, 6, 7, 100, 101, 400])
def test_planar_shapes_and_balance(make, n):
    X, y = make(n_samples=n)
    assert (X.shape, X.dtype) == ((n, 2), np.float64)
    assert (y.shape, y.dtype) == ((n,), np.int64)
    assert np.isfinite(X).all()
    classes = 3 if make is datasets.spirals else 2
    counts = np.bincount(y).tolist()
    assert counts == [n // classes + (j < n % classes) for j in range(classes)]


@pytest.mark.parametrize("make", GENERATORS)
def test_planar_is_reproducible(make):
    X, y = make()
    again, _ = make(seed=0)
    np.testing.assert_array_equal(X, again)
    assert not np.array_equal(X, make(seed=1)[0])
    by_generator = make(seed=np.random.default_rng(0))[0]
    np.testing.assert_array_equal(X, by_generator)
    generator = np.random.default_rng(5)
    assert not np.array_equal(make(seed=generator)[0], make(seed=generator)[0])
    X[:] = 0
    y[:] = 0
    np.testing.assert_array_equal(make()[0], again)


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("n", [-1, 0, 1, 2.5, "10", None])
def test_planar_refuses_sample_counts(make, n):
    with pytest.raises((TypeError, ValueError), match=f"n_samples.*{n!r}"):
        make(n)


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("noise", [-0.1, np.nan, np.inf, "0.1", None, 1j])
def test_planar_refuses_noise(make, noise):
    with pytest.raises((TypeError, ValueError), match=f"noise.*{noise!r}"):
        make(noise=noise)


@pytest.mark.parametrize("n_classes", [1, 0, 2.0, None])
def test_spirals_refuse_class_counts(n_classes):
    with pytest.raises((TypeError, ValueError), match=f"n_classes.*{n_classes!r}"):
        datasets.spirals(n_classes=n_classes)


def test_flower_follows_the_formula_of_the_course():
    X, y = datasets.flower(101, noise=0.3, seed=4)
    random = np.random.default_rng(4)
    for j, count in enumerate((51, 50)):
        t = np.linspace(j * 3.12, (j + 1) * 3.12, count) + 0.3 * random.standard_normal(count)
        r = 4 * np.sin(4 * t) + 0.3 * random.standard_normal(count)
        np.testing.assert_array_equal(X[y == j], np.column_stack([r * np.sin(t), r * np.cos(t)]))


def test_moons_circles_and_spirals_without_noise_lie_on_their_curves():
    X, y = datasets.moons(51, noise=0)
    centres = np.array([[0, 0], [1, 0.5]])[y]
    np.testing.assert_allclose(np.hypot(*(X - centres).T), 1)
    X, y = datasets.circles(51, noise=0)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1, 0.5))
    assert len(np.unique(X.round(9), axis=0)) == 51
    X, y = datasets.spirals(100, noise=0, n_classes=5)
    assert np.bincount(y).tolist() == [20] * 5
    r = np.hypot(*X.T)
    np.testing.assert_allclose(r, np.tile(np.linspace(0, 1, 20), 5), atol=1e-12)
    angle = np.arctan2(X[:, 0], X[:, 1])
    turns = (angle - 4 * r - 2 * np.pi * y / 5)[r > 0] / (2 * np.pi)
    np.testing.assert_allclose(turns, turns.round(), atol=1e-9)


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 41])
def test_xor_clouds_share_the_points(n):
    X, y = datasets.xor(n, noise=0)
    corners, counts = np.unique(X, axis=0, return_counts=True)
    np.testing.assert_array_equal(corners, datasets.logic("xor")[0])
    assert counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(y, X[:, 0] != X[:, 1])


def test_xor_of_four_without_noise_is_the_truth_table():
    for made, table in zip(datasets.xor(4, noise=0), datasets.logic("xor")):
        np.testing.assert_array_equal(made, table)
        assert made.dtype == table.dtype


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("and", lambda a, b: a and b),
        ("or", lambda a, b: a or b),
        ("xor", lambda a, b: a != b),
        ("nand", lambda a, b: not (a and b)),
    ],
)
def test_logic(name, gate):
    X, y = datasets.logic(name)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [int(gate(bool(a), bool(b))) for a, b in X]
    X[:] = y[:] = 9
    assert datasets.logic(name)[0].max() == 1


def test_logic_refuses_unknown_gates():
    with pytest.raises(ValueError, match=r"'nor'.*'and', 'or', 'xor', 'nand'"):
        datasets.logic("nor")


# The real thing


@pytest.mark.skipif(
    "CMLP_DATA" not in os.environ,
    reason="CMLP_DATA is not set; it names the folder that holds mnist/train-images-idx3-ubyte.gz and the other three",
)
def test_mnist():
    folder = Path(os.environ["CMLP_DATA"]) / "mnist"
    parts = {
        "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        "t10k": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    }
    for part, counts in parts.items():
        images = datasets.read_idx(folder / f"{part}-images-idx3-ubyte.gz")
        labels = datasets.read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
        assert (images.shape, images.dtype) == ((sum(counts), 28, 28), np.uint8)
        assert (images.min(), images.max()) == (0, 255)
        assert np.bincount(labels).tolist() == counts
        if part == "train":
            assert round(images.mean() / 255, 4) == 0.1307
            assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
