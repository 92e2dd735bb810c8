"""Tables from Parquet and Arrow IPC files."""

import datetime
import gzip
import io
import sys

import numpy as np
import pytest

from cmlp.datasets import read_table
from cmlp.datasets.table_files import read_file

CSV = "n,x,ok,day,town\n1,1.5,True,2020-01-31,Bern\n2,,False,,\n3,2.5,True,2021-06-01,Basel\n"


@pytest.fixture
def arrow():
    return pytest.importorskip("pyarrow", reason="cmlp[arrow] is not installed")


def frame_of(arrow):
    dates = arrow.array([datetime.date(2020, 1, 31), None, datetime.date(2021, 6, 1)])
    columns = {"n": [1, 2, 3], "x": [1.5, None, 2.5], "ok": [True, False, True], "day": dates, "town": ["Bern", None, "Basel"]}
    return arrow.table(columns)


def parquet(arrow, table):
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


def ipc(arrow, table):
    file = io.BytesIO()
    with arrow.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


@pytest.mark.parametrize("write", [parquet, ipc])
def test_a_table_is_the_same_from_every_format(arrow, write, tmp_path):
    expected = read_table(io.BytesIO(CSV.encode()))
    content = write(arrow, frame_of(arrow))
    (tmp_path / "t.bin").write_bytes(content)
    (tmp_path / "t.bin.gz").write_bytes(gzip.compress(content))
    for source in (tmp_path / "t.bin", tmp_path / "t.bin.gz", io.BytesIO(content)):
        table = read_table(source)
        assert table.names == expected.names
        for found, known in zip(table.columns, expected.columns):
            assert found.dtype.kind == known.dtype.kind
            np.testing.assert_array_equal(found, known)


@pytest.mark.parametrize("write", [parquet, ipc])
def test_damaged_files(arrow, write, tmp_path):
    path = tmp_path / "t.bin"
    content = write(arrow, frame_of(arrow))
    path.write_bytes(content[:40])
    with pytest.raises(ValueError, match=r"t\.bin is a damaged (Parquet|Arrow IPC) file"):
        read_table(path)
    path.write_bytes(write(arrow, frame_of(arrow).slice(0, 0)))
    with pytest.raises(ValueError, match=r"t\.bin.*no rows"):
        read_table(path)


def test_the_index_of_pandas_is_no_column(arrow, tmp_path):
    frames = pytest.importorskip("pandas", reason="pandas is not installed")
    path = tmp_path / "t.parquet"
    frames.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=[5, 7]).to_parquet(path)
    assert read_table(path).names == ["a", "b"]
    table, lines, places, width, _ = read_file(path, drop=["a"])
    assert (table.names, lines, places, width) == (["b"], None, [1], 2)


def test_columns_that_hold_lists_are_refused(arrow, tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet(arrow, arrow.table({"a": [1, 2], "b": [[1], [2, 3]]})))
    with pytest.raises(ValueError, match=r"t\.parquet.*'b'.*list.*--drop b"):
        read_table(path)
    assert read_table(path, drop=["b"]).names == ["a"]


def test_columns_that_are_not_there(arrow, tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet(arrow, frame_of(arrow)))
    with pytest.raises(ValueError, match=r"no column 'z'.*'n', 'x'"):
        read_table(path, drop=["z"])


def test_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 and so on")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"t\.parquet.*Parquet.*cmlp\[arrow\]"):
        read_table(path)
