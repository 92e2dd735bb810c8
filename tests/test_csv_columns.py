"""The columns of a CSV file: each of the kind of all its fields, whatever the blocks."""

import gzip
import io

import numpy as np
import pytest

from cmlp.datasets import csv_columns, read_table
from cmlp.datasets.table_files import read_file


def column(fields):
    """The column of these fields, beside one of numbers."""
    text = "x,y\n" + "".join(f'"{field}",1\n' for field in fields)
    table, lines, *_ = read_file(io.BytesIO(text.encode()), header=True)
    values, ones = table.columns
    assert table.names == ["x", "y"]
    assert lines == range(2, 2 + len(fields))
    assert ones.tolist() == [1] * len(fields)
    return values


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["1", "-2", "+3"], np.array([1, -2, 3])),
        (["1", "2.5", "1e3"], np.array([1, 2.5, 1000])),
        (["1", "", "3"], np.array([1, np.nan, 3])),
        (["NA", "nan", "N/A", "null", "None", "NULL", "5"], np.array([*[np.nan] * 6, 5])),
        (["inf", "1"], np.array([np.inf, 1])),
        ([str(1 << 60), str((1 << 60) + 1)], np.array([1 << 60, (1 << 60) + 1])),
        ([str(1 << 60), "", str((1 << 60) + 1)], np.array([1 << 60, None, (1 << 60) + 1], dtype=object)),
        ([str(1 << 70), str((1 << 70) + 1)], np.array([1 << 70, (1 << 70) + 1], dtype=object)),
        (["True", "false", "TRUE"], np.array([True, False, True])),
        (["true", "", "False"], np.array([True, None, False], dtype=object)),
        (["2020-01-02", "2021-12-31"], np.array(["2020-01-02", "2021-12-31"], "datetime64[D]")),
        (["2020-01-02 03:04", ""], np.array(["2020-01-02T03:04", "NaT"], "datetime64[m]")),
        (["2020-01-02T03:04:05.25"], np.array(["2020-01-02T03:04:05.250"], "datetime64[ms]")),
        (["2020-01-02T03:04Z", "2020-01-02T03:04+01:30"], np.array(["2020-01-02T03:04", "2020-01-02T01:34"], "datetime64[m]")),
        (["2020-02-30"], np.array(["2020-02-30"], dtype=object)),
        (["a", "", "NA"], np.array(["a", None, "NA"], dtype=object)),
        (["007", "8"], np.array(["007", "8"], dtype=object)),
        (["1_000", "2"], np.array(["1_000", "2"], dtype=object)),
        (["٣", "4"], np.array(["٣", "4"], dtype=object)),
        (["True", "1"], np.array(["True", "1"], dtype=object)),
        (["", "NA"], np.array([None, None], dtype=object)),
    ],
)
@pytest.mark.parametrize("block", [1 << 18, 2])
def test_the_kind_of_a_column(fields, expected, block, monkeypatch):
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", block)
    values = column(fields)
    assert values.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (["1", "2.0", "1e3"], "x"),
        (["1", "2.0"], "2020-01-01"),
        (["True"], "yes"),
        (["2020-01-01"], "never"),
        (["1"], "007"),
        (["NA", "NA"], "x"),
        (["1.50", ""], "x"),
    ],
)
def test_fields_stay_as_they_are_where_text_comes_late(first, last, monkeypatch):
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", 2)
    assert column([*first, last, "3.10"]).tolist() == [*(text or None for text in first), last, "3.10"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["1", "2.5", "3"], [1, 2.5, 3]),
        (["", "2"], [np.nan, 2]),
        ([str(1 << 60), "", str((1 << 60) + 1)], [1 << 60, None, (1 << 60) + 1]),
        ([str(1 << 60), str(1 << 70), "NA"], [1 << 60, 1 << 70, None]),
        (["", "true"], [None, True]),
    ],
)
def test_blocks_of_different_numbers(fields, expected, monkeypatch):
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", 2)
    np.testing.assert_array_equal(column(fields), np.array(expected, dtype=column(fields).dtype))


def test_numbers_parsed_in_blocks_and_one_by_one_are_the_same(monkeypatch, rng):
    values = rng.normal(size=(300, 3)) * 10.0 ** rng.integers(-20, 20, (300, 3))
    whole = rng.integers(-(1 << 62), 1 << 62, 300)
    text = "".join(f"{n},{a!r},{b!r},{c!r}\n" for n, (a, b, c) in zip(whole.tolist(), values.tolist()))
    for records in (100, 10**9):
        monkeypatch.setattr(csv_columns, "FIRST", records)
        table = read_table(io.BytesIO(text.encode()))
        assert table.names is None
        np.testing.assert_array_equal(table.columns[0], whole)
        np.testing.assert_array_equal(np.column_stack(table.columns[1:]), values)


@pytest.mark.parametrize("late", ["007", " 08 ", "-01", '"1"', "", "True", "x", "1.5", "nan", str(1 << 64)])
def test_anything_may_follow_numbers(late):
    rows = [f"{i},{i / 4}" for i in range(300)]
    plain = read_table(io.BytesIO(("a,b\n" + "\n".join(rows)).encode())).columns
    rows[250] = f"{late},0.5"
    columns = read_table(io.BytesIO(("a,b\n" + "\n".join(rows)).encode())).columns
    fields = [str(i) for i in range(300)]
    fields[250] = late.strip('" ')
    np.testing.assert_array_equal(columns[0], column(fields))
    np.testing.assert_array_equal(np.delete(columns[1], 250), np.delete(plain[1], 250))


def test_text_beside_numbers_in_every_block():
    fields = [["red", " green ", "", "NA", "5 cm", "007", "a;b"][i % 7] for i in range(300)]
    text = "a,x,b\n" + "".join(f"{i},{field},{i / 4}\n" for i, field in enumerate(fields))
    a, x, b = read_table(io.BytesIO(text.encode())).columns
    assert a.tolist() == list(range(300))
    assert b.tolist() == [i / 4 for i in range(300)]
    assert x.tolist() == [field.strip() or None for field in fields]


def test_lines_of_several_chunks():
    rows = [f"{i},x{i}" for i in range(3000)]
    rows[1500] = '1500,"x\n\n1500"'
    rows[999] = '999,"x\n999"'  # a chunk of lines ends within it
    columns = read_table(io.BytesIO(("\n".join(rows) + "\n\n \n").encode()), header=False).columns
    assert columns[0].tolist() == list(range(3000))
    assert columns[1][[999, 1000, 1500, 2999]].tolist() == ["x\n999", "x1000", "x\n\n1500", "x2999"]
    rows[2000:2000] = [""] * 1200
    with pytest.raises(ValueError, match="line 2004: blank line"):
        read_table(io.BytesIO("\n".join(rows).encode()), header=False)


def test_lines_of_rows_after_fields_of_several_lines():
    lines = read_file(io.BytesIO(b'a,b\n1,"x\ny"\n2,z\n')).lines
    assert list(lines) == [2, 4]


def test_dropped_columns_need_no_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(",a,b\n0,5,x\n1,6,y\n")
    with pytest.raises(ValueError, match=r"t\.csv, line 1, column 1.*no name"):
        read_table(path)
    table, _, places, width, _ = read_file(path, drop=[0, "b"])
    assert ([column.tolist() for column in table.columns], table.names) == ([[5, 6]], ["a"])
    assert (places, width) == ([1], 3)
    with pytest.raises(ValueError, match=r"'c'.*'a', 'b'"):
        read_table(path, drop=["c"])


def test_a_pipe_is_read_twice_if_it_must(monkeypatch):
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", 2)
    packed = io.BufferedReader(io.BytesIO(gzip.compress(b"a,b\n1,1\n1.0,2\nx,3\n")))
    table = read_table(packed)
    assert table.names == ["a", "b"]
    assert table.columns[0].tolist() == ["1", "1.0", "x"]


def test_equal_strings_are_one_object():
    values = column(["red", "green"] * 500)
    assert len({id(value) for value in values.tolist()}) == 2
