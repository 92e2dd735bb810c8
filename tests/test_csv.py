"""CSV files: read, and refused with the line and the column that are wrong."""

import bz2
import gzip
import lzma
import re
import sys

import numpy as np
import pytest
from common import run_python

from cmlp import datasets


@pytest.fixture
def table(tmp_path):
    """Write a text or bytes to a file, and give its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_the_line_of_a_fault_in_a_later_block(table, monkeypatch):
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", 4)
    with datasets.read_rows(table("a,b\n" + "1,2\n" * 6 + "1,2,3\n")) as (_, blocks):
        assert [lines for lines, _ in (next(blocks) for _ in range(3))] == [range(2, 4), range(4, 6), range(6, 8)]
        with pytest.raises(ValueError, match="line 8: 3 fields"):
            next(blocks)


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
        (["9223372036854775808", "1"], np.array(["9223372036854775808", "1"])),
        (["1152921504606846976", "1152921504606846977"], np.array([1 << 60, (1 << 60) + 1])),
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


@pytest.mark.parametrize("delimiter", ["", ",,", "\n", '"', "a", "1", "-", ".", 7])
def test_csv_delimiter_refused(table, delimiter):
    with pytest.raises((TypeError, ValueError), match=f"delimiter.*{re.escape(repr(delimiter))}"):
        datasets.read_csv(table("1,2\n"), delimiter=delimiter)


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        ("a;b\n1,5;2\n-,5;1e3\n", ["a", "b"], [["1.5", "2"], ["-.5", "1e3"]]),
        ("1,5;2,5\n3,5;4,5\n", None, [["1.5", "2.5"], ["3.5", "4.5"]]),
        ("a;b\nx, y;1.5\nz, x;2\n", ["a", "b"], [["x, y", "1.5"], ["z, x", "2"]]),
        ('a\tb\n"1;2;3"\t4\n', ["a", "b"], [["1;2;3", "4"]]),
        ('"a;b;c","d"\n"1;2;3","4"\n', ["a;b;c", "d"], [["1;2;3", "4"]]),
        ("a|b\n1,2|3\n4|5,5\n", ["a", "b"], [["1.2", "3"], ["4", "5.5"]]),
        ("id\n1\n2\n", ["id"], [["1"], ["2"]]),
        ('a,b\n"1,2",3\n"4,5",6\n', ["a", "b"], [["1,2", "3"], ["4,5", "6"]]),
        ('a;b\n"x\n;y";1\n', ["a", "b"], [["x\n;y", "1"]]),
    ],
)
def test_delimiters_and_decimal_commas_are_found(table, content, names, rows):
    with datasets.read_rows(table(content)) as (found, blocks):
        assert (found, [row for _, block in blocks for row in block]) == (names, rows)


def test_decimal_commas_of_read_csv(table):
    X, y, _ = datasets.read_csv(table("a;b;label\n1,5;2;0,5\n3;4,25;2\n"))
    assert X.tolist() == [[1.5, 2], [3, 4.25]]
    assert y.tolist() == [0.5, 2]


def test_the_decimal_point_given(table):
    with datasets.read_rows(table("a;b\n1;2,500\n"), decimal=",") as (_, blocks):
        assert next(blocks)[1] == [["1", "2.500"]]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n", None),  # as UCI's iris.data
        ("x,y,kind\n4.9,3.0,virginica\n", ["x", "y", "kind"]),
        ("label,0,1\n7,1,2\n", ["label", "0", "1"]),
        ("7,0,1\n", None),
        ("day,open\n2020-01-01,true\n", ["day", "open"]),
        ("2020-01-01,true\n2020-01-02,false\n", None),
        ("NA,1\n3,1\n", None),
        ("?,1\n3,1\n", None),
        ("class,cap\n" + "p,x\ne,s\n" * 3, ["class", "cap"]),  # as UCI's mushrooms.csv
        ("p,x\n" + "p,s\ne,s\n" * 3, None),
        ("a,b\n1,\n", ["a", "b"]),
    ],
)
def test_headers_are_told_from_samples(table, content, names):
    with datasets.read_rows(table(content)) as (found, blocks):
        assert found == names
        assert sum(len(rows) for _, rows in blocks) == content.count("\n") - (names is not None)


def test_a_known_name_makes_a_header(table):
    for content, known, names in (
        ("a,b\nx,y\n", ["b", "c"], ["a", "b"]),
        ("0,1\n2,3\n", ["0", "1"], ["0", "1"]),
        ("0,5\n2,3\n", ["0", "1"], None),
    ):
        with datasets.read_rows(table(content), known_names=known) as (found, _):
            assert found == names


def test_line_numbers_after_fields_of_several_lines(table):
    with datasets.read_rows(table('a,b\n1,"x\ny"\n2,z\n')) as (_, blocks):
        assert list(blocks) == [([2, 4], [["1", "x\ny"], ["2", "z"]])]


def test_booleans_are_0_and_1(table):
    X, y, _ = datasets.read_csv(table("label,x,member\n1,0.5,True\n0,1.5,FALSE\n"))
    assert X.tolist() == [[0.5, 1], [1.5, 0]]
    assert y.tolist() == [1, 0]


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
    "comma in a late row": ("1;2\n" * 100 + "1;2,5\n", {}, "line 101, column 2.*'2,5'"),
    "comma or thousands": ("a;b\n1;2,500\n", {}, "'b'.*'2,500'.*--decimal"),
    "thousands": ("a;b\n1;2.500,5\n", {}, "'b'.*'2.500,5'.*thousands"),
    "thousands in quotes": ('a,b\n1,"2,500"\n', {}, "'b'.*'2,500'"),
    "header or sample": ("a,b\nx,y\n", {}, "line 1.*--header or --no-header"),
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
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), {}, "UTF-16: save the file as UTF-8"),
    "UTF-16, high byte first": ("\ufeffa,b\n1,2\n".encode("utf-16-be"), {}, "UTF-16: save the file as UTF-8"),
    "bzip2": (bz2.compress(b"a,b\n1,2\n"), {}, "bzip2: decompress it first"),
    "xz": (lzma.compress(b"a,b\n1,2\n"), {}, "xz: decompress it first"),
    "zip": (b"PK\x03\x04 and so on", {}, "zip archive.*unpack it first"),
    "NUL": (b"1,2,3\n1,2\0,3\n", {}, "line 2, column 2.*NUL"),
    "old line ends": ("1,2\r3,4\r", {}, "line 1, column 2.*carriage return.*old Macs.*save the file with LF"),
    "open quote": ('a,b\n1,2\n"red,2\n3,4\n', {}, "line 3.*quote"),
    "endless quote": ('a,b\n"red,2\n' + "3,4\n" * 1000, {}, "line 2.*quote"),
    "after lines in quotes": ('a,b\n"red\n\ndark",2\n1,x\n', {"header": True}, "line 5, column 2.*'x'"),
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
