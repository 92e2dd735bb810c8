"""The command line on tables as they are: formats, kinds of columns, the target, extra columns."""

import gzip
import importlib
import io
import json
import re
import sys

import numpy as np
import pytest
from cli_data import FEW, INPUTS, KINDS, LEARNS, VALUES, metric, split_of, write_csv, write_images

import cmlp
from cmlp.datasets import read_table

DAYS = [f"2020-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(60)]
MIXED = [
    {"size": a, "town": "Bern" if b < 0 else "Zürich", "new": b > 0.5, "day": day, "code": f"{i % 3:03}", "kind": kind}
    for i, ((a, b), day, kind) in enumerate(zip(INPUTS, DAYS, KINDS))
]


def write_mixed(name, rows=MIXED, delimiter=",", missing=True, names=True):
    """A table of numbers, text, booleans, dates and codes; with some fields missing."""
    lines = [[str(value) for value in row.values()] for row in rows]
    if missing:
        lines[3][0], lines[4][1], lines[5][2], lines[6][3] = "NA", "", "", "None"
    with open(name, "w", encoding="utf-8") as file:
        for line in [list(rows[0]), *lines] if names else lines:
            print(*(f'"{field}"' if delimiter in field else field for field in line), sep=delimiter, file=file)
    return name


def predictions(out):
    return out.splitlines()[1:]


def trained_rows(n):
    """The rows that are not held out for testing."""
    return np.random.default_rng(0).permutation(n)[: -n // 5].tolist()


@pytest.fixture
def mixed(succeeds):
    """A model of the mixed table in m.st; what training printed."""
    write_mixed("m.csv")
    return succeeds("train", "m.csv", "--target", "kind", "--save", "m.st", *LEARNS)


# --- columns --------------------------------------------------------------------------------------------------------------
def test_columns_of_every_kind(mixed, succeeds):
    for column in ("size +numeric", "town +categorical", "new +boolean", "day +date", "code +categorical.*000, 001, 002"):
        assert re.search(rf"\n{column}", mixed)
    assert metric("test accuracy", mixed) > 0.8
    expected = cmlp.load("m.st").predict(read_table("m.csv", drop=["kind"]))
    assert predictions(succeeds("predict", "m.st", "m.csv")) == expected.tolist()
    assert metric("test accuracy", succeeds("evaluate", "m.st", "m.csv")) > 0.8
    assert "town    categorical" in succeeds("info", "m.st")


def test_predictions_do_not_depend_on_the_rows_beside(mixed, succeeds):
    """One row at a time, so that no column shows its kind."""
    whole = predictions(succeeds("predict", "m.st", "m.csv", "--proba"))
    with open("m.csv", encoding="utf-8") as file:
        header, *rows = file.read().splitlines()
    for i in (0, 3, 4, 5, 6, 17):
        with open("one.csv", "w", encoding="utf-8") as file:
            print(header, rows[i], sep="\n", file=file)
        assert predictions(succeeds("predict", "m.st", "one.csv", "--proba")) == [whole[i]]


def test_columns_in_another_order_and_more_of_them(mixed, succeeds, fails):
    expected = succeeds("predict", "m.st", "m.csv")
    table = read_table("m.csv")
    order = [4, 2, 0, 3, 1]
    with open("m.csv", encoding="utf-8") as file:
        rows = [line.split(",") for line in file.read().splitlines()]
    with open("other.csv", "w", encoding="utf-8") as file:
        for i, row in enumerate(rows):
            print("id" if i == 0 else i, *(row[place] for place in order), sep=",", file=file)
    assert table.n_columns == 6
    fails(1, "unknown: 'id'.*--ignore-extra-columns", "predict", "m.st", "other.csv")
    assert succeeds("predict", "m.st", "other.csv", "--ignore-extra-columns") == expected
    assert succeeds("predict", "m.st", "other.csv", "--drop", "id") == expected
    fails(1, "missing: 'size'", "predict", "m.st", "other.csv", "--drop", "size", "--ignore-extra-columns")


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "none.arrow"])
def test_no_rows(name, mixed, succeeds, fails):
    names = list(MIXED[0])
    if name == "none.csv":
        with open(name, "w", encoding="utf-8") as file:
            print(*names, sep=",", file=file)
    else:
        arrow = pytest.importorskip("pyarrow", reason="cmlp[arrow] is not installed")
        table = arrow.table({column: arrow.array([], arrow.string()) for column in names})
        if name == "none.parquet":
            importlib.import_module("pyarrow.parquet").write_table(table, name)
        else:
            with arrow.OSFile(name, "wb") as file, arrow.ipc.new_file(file, table.schema):
                pass
    assert succeeds("predict", "m.st", name) == "kind\n"
    assert succeeds("predict", "m.st", name, "--proba") == "high,low\n"
    fails(1, f"{name}: the table has no rows", "evaluate", "m.st", name)
    fails(1, f"{name}: .*no rows", "train", name, "--target", "kind")
    fails(1, "missing: 'town'", "predict", "m.st", name, "--drop", "town")


def test_one_row_without_a_header(mixed, succeeds, fails):
    with open("m.csv", encoding="utf-8") as file:
        row = file.read().splitlines()[1].rpartition(",")[0]
    with open("one.csv", "w", encoding="utf-8") as file:
        print(row, file=file)
    fails(1, "none of them is in the first row: give --no-header", "predict", "m.st", "one.csv")
    assert (
        predictions(succeeds("predict", "m.st", "one.csv", "--no-header"))
        == predictions(succeeds("predict", "m.st", "m.csv"))[:1]
    )


def test_a_network_without_columns(succeeds, fails):
    net = cmlp.Network([2, 1], loss="squared_error")
    net.fit(np.array(INPUTS), VALUES, epochs=1)
    cmlp.save(net, "net.st")
    write_csv("x.csv", [b for _, b in INPUTS], [[a] for a, _ in INPUTS], header="a,b")
    whole = predictions(succeeds("predict", "net.st", "x.csv"))
    np.testing.assert_allclose(np.array(whole, float), net.predict(np.array(INPUTS)), rtol=1e-6)
    write_csv("z.csv", ["x" for _ in INPUTS], [[a] for a, _ in INPUTS], header="a,b")
    fails(1, r"z\.csv, line 2, column 2 \('b'\).*'x'", "predict", "net.st", "z.csv")


def test_cells_that_cannot_be_used_are_located(mixed, fails):
    for place, text, message in (
        ("size", "big", r"line 22, column 1 \('size'\).*'big'"),
        ("size", "inf", r"line 22, column 1 \('size'\).*inf"),
        ("new", "maybe", r"line 22, column 3 \('new'\).*'maybe'"),
        ("day", "soon", r"line 22, column 4 \('day'\).*'soon'"),
    ):
        rows = [dict(row) for row in MIXED]
        rows[20][place] = text
        write_mixed("bad.csv", rows)
        fails(1, rf"bad\.csv, {message}", "predict", "m.st", "bad.csv")


def test_missing_values_are_filled_in_where_training_had_none(succeeds):
    write_mixed("whole.csv", missing=False)
    out = succeeds("train", "whole.csv", "--target", "kind", "--save", "m.st", *FEW)
    median = float(np.median([row["size"] for i, row in enumerate(MIXED) if i in trained_rows(60)]))
    assert float(re.search(r"\nsize +numeric +filled with (\S+)", out)[1]) == pytest.approx(median, rel=1e-5)
    write_mixed("m.csv")
    whole, some = (predictions(succeeds("predict", "m.st", name, "--proba")) for name in ("whole.csv", "m.csv"))
    assert [i for i in range(60) if whole[i] != some[i]] == [3, 4, 6]  # row 5 is like most


def test_infinite_numbers_are_refused_by_line(fails):
    write_csv("x.csv", KINDS, [[a, "inf" if i == 7 else b] for i, (a, b) in enumerate(INPUTS)])
    fails(1, r"x\.csv, line 9, column 2 \('b'\).*finite", "train", "x.csv", "--target", "y", *FEW)


def test_dropped_and_categorical_columns(succeeds, fails):
    rows = [dict(row, id=i, size=i % 3) for i, row in enumerate(MIXED)]
    write_mixed("m.csv", rows)
    out = succeeds("train", "m.csv", "--target", "kind", "--drop", "id", "--drop", 4, "--categorical", "size", *FEW)
    assert "m.csv: 4 inputs" in out
    assert re.search(r"\nsize +categorical", out)
    assert "code" not in out
    fails(1, "no column 'height'.*'size'", "train", "m.csv", "--target", "kind", "--drop", "height")
    fails(1, "no column 'height'.*'size'", "train", "m.csv", "--target", "kind", "--categorical", "height")
    fails(2, "--target -1.*--drop", "train", "m.csv", "--target", -1, "--drop", "id")
    fails(1, "'kind'", "train", "m.csv", "--target", "kind", "--drop", "kind")


def test_rare_categories_share_a_column(succeeds):
    rows = [dict(row, town=f"town {i}") for i, row in enumerate(MIXED)]
    write_mixed("m.csv", rows)
    out = succeeds("train", "m.csv", "--target", "kind", "--max-categories", 5, *FEW)
    assert re.search(r"\ntown +categorical.*5 columns.*infrequent", out)
    assert re.search(r"note: column 'town'.*60 rows.*--drop town", out)


def test_many_columns_are_shortened(succeeds):
    with open("wide.csv", "w") as file:
        print(*(f"c{i}" for i in range(50)), "y", sep=",", file=file)
        for row in np.random.default_rng(0).normal(size=(30, 50)).tolist():
            print(*row, int(row[0] > 0), sep=",", file=file)
    out = succeeds("train", "wide.csv", *FEW)
    assert "\nc19 " in out
    assert "\nc20 " not in out
    assert "... and 30 more columns" in out


# --- formats --------------------------------------------------------------------------------------------------------------
def packed(name, content):
    arrow = pytest.importorskip("pyarrow", reason="cmlp[arrow] is not installed")
    return arrow.Codec("zstd").compress(content, asbytes=True) if name.endswith("zst") else gzip.compress(content)


@pytest.mark.parametrize("name", ["m.csv.gz", "m.csv.zst", "m.txt", "m.tsv", "m.csv", "m.parquet"])
def test_every_format_gives_the_same_model(name, mixed, succeeds):
    with open("m.csv", "rb") as file:
        plain = file.read()
    if name == "m.parquet":
        frames = pytest.importorskip("pandas", reason="pandas is not installed")
        parquet = pytest.importorskip("pyarrow.parquet", reason="cmlp[arrow] is not installed")
        import pyarrow

        table = read_table("m.csv")
        columns = {n: [None if frames.isna(v) else v for v in c.tolist()] for n, c in zip(table.names, table.columns)}
        parquet.write_table(pyarrow.table(columns), name)
    elif name.endswith(("gz", "zst")):
        with open(name, "wb") as file:
            file.write(packed(name, plain))
    else:
        write_mixed(name, delimiter={"m.txt": ";", "m.tsv": "\t", "m.csv": "|"}[name])
        if name == "m.txt":
            with open(name, "rb") as file:
                content = file.read()
            with open(name, "wb") as file:
                file.write(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n").replace(b".", b","))
    out = succeeds("train", name, "--target", "kind", "--save", "other.st", *LEARNS)
    assert metric("test accuracy", out) == metric("test accuracy", mixed)
    first, second = cmlp.load("m.st").network, cmlp.load("other.st").network
    np.testing.assert_array_equal(first.variables, second.variables)
    assert succeeds("predict", "m.st", name) == succeeds("predict", "other.st", name)
    assert succeeds("evaluate", "m.st", name) == succeeds("evaluate", "other.st", name)


def test_a_column_of_lists_is_refused(mixed, fails):
    pytest.importorskip("pyarrow", reason="cmlp[arrow] is not installed")
    import pyarrow
    from pyarrow import parquet

    columns = {name: [value] * 3 for name, value in MIXED[0].items()}
    parquet.write_table(pyarrow.table(columns | {"size": [[1], [2], [3]]}), "lists.parquet")
    for command in (["train", "lists.parquet", "--target", "kind"], ["predict", "m.st", "lists.parquet"]):
        fails(1, r"lists\.parquet.*'size'.*list", *command)


def test_standard_input(mixed, succeeds, monkeypatch):
    with open("m.csv", "rb") as file:
        plain = file.read()
    for content in (plain, gzip.compress(plain)):
        for command in (["train", "-", "--target", "kind", "--save", "piped.st", *LEARNS], ["evaluate", "m.st", "-"]):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
            assert "test accuracy" in succeeds(*command)
        np.testing.assert_array_equal(cmlp.load("m.st").network.variables, cmlp.load("piped.st").network.variables)


def test_a_delimiter_and_a_decimal_point_that_are_told(succeeds, fails):
    write_csv("x.csv", KINDS)
    with open("x.csv") as file:
        text = file.read().replace(",", "#").replace(".", ",")
    with open("x.csv", "w") as file:
        file.write(text)
    fails(1, "line 2: 3 fields, must be 1.*--delimiter", "train", "x.csv", "--target", "-1", "--header")
    told = ["--delimiter", "#", "--decimal", ","]
    out = succeeds("train", "x.csv", "--target", "y", *told, "--save", "m.st", *LEARNS)
    assert re.search(r"\nb +numeric", out)
    assert "test accuracy" in succeeds("evaluate", "m.st", "x.csv", *told)
    fails(1, "delimiter must be one character.*'xx'", "train", "x.csv", "--target", "y", "--delimiter", "xx")


def test_files_without_a_header(succeeds, fails):
    write_csv("x.csv", KINDS, header="")
    fails(2, "--target COLUMN.*3 columns without names", "train", "x.csv")
    out = succeeds("train", "x.csv", "--target", -1, "--save", "m.st", *LEARNS)
    assert split_of(out) == [48, 12]
    assert "60 samples" in succeeds("evaluate", "m.st", "x.csv", "--target", -1)
    fails(1, "--target -1.*3 columns without names", "evaluate", "m.st", "x.csv")
    fails(1, "3 columns.*2; .*--target -1", "predict", "m.st", "x.csv")
    assert len(predictions(succeeds("predict", "m.st", "x.csv", "--target", -1))) == 60
    fails(1, "index.*no header.*'a'", "train", "x.csv", "--target", "a")


def test_images_of_a_folder(succeeds):
    write_images("train-images-idx3-ubyte", 60)
    write_images("t10k-images-idx3-ubyte", 12)
    succeeds("train", ".", "--save", "m.st", *LEARNS)
    assert re.match("12 samples", succeeds("evaluate", "m.st", "."))
    assert len(predictions(succeeds("predict", "m.st", "."))) == 12


# --- the target -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["label", "Target", "CLASS", "y"])
def test_a_target_by_its_name(name, succeeds):
    write_csv("x.csv", KINDS, header=f"a,b,{name}")
    assert re.search(rf"target column '{name}', by its name: 2 classes", succeeds("train", "x.csv", *FEW))


def test_a_target_must_be_given_else(fails):
    write_csv("x.csv", KINDS, header="a,b,kind")
    fails(2, r"x\.csv.*--target COLUMN.*'a', 'b', 'kind'", "train", "x.csv")
    write_csv("x.csv", KINDS, header="a,Label,y")
    fails(2, "--target COLUMN.*several", "train", "x.csv")


def test_a_file_like_those_of_mnist(succeeds):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 784))
    pixels[:, 0] = np.arange(30) % 3 * 100
    with open("mnist.csv", "w") as file:
        for i, row in enumerate(pixels.tolist()):
            print(i % 3, *row, sep=",", file=file)
    out = succeeds("train", "mnist.csv", "--save", "m.st", *FEW)
    assert re.search(r"784 inputs; target column 0, the first of 785 columns.*3 classes", out)
    assert "30 samples" in succeeds("evaluate", "m.st", "mnist.csv")


@pytest.mark.parametrize(
    "labels",
    [[1 << 60, (1 << 60) + 1], [1 << 70, (1 << 70) + 1], ["007", "7"], ["True", "False"], [2**53, 2**53 + 1], ["NA", "x"]],
    ids=str,
)
def test_labels_stay_apart(labels, succeeds):
    write_csv("x.csv", [labels[kind == "low"] for kind in KINDS])
    out = succeeds("train", "x.csv", "--save", "m.st", *LEARNS)
    assert "2 classes" in out
    assert metric("test accuracy", out) > 0.8
    assert set(predictions(succeeds("predict", "m.st", "x.csv"))) == {str(label) for label in labels}
    assert metric("test accuracy", succeeds("evaluate", "m.st", "x.csv")) > 0.8


def test_targets_that_cannot_be_learned(fails):
    write_csv("x.csv", ["", *KINDS[1:-1], ""])
    fails(1, r"x\.csv, line 2: the target 'y' is missing, in 2 of 60 rows", "train", "x.csv")
    write_csv("x.csv", DAYS)
    fails(1, "target 'y'.*dates.*give it as a number", "train", "x.csv")
    write_csv("x.csv", ["inf", *VALUES[1:]])
    fails(1, "target.*finite", "train", "x.csv", "--test-fraction", 0.1)


def test_a_target_that_is_not_there_is_fine_in_predictions(succeeds):
    write_csv("x.csv", VALUES)
    succeeds("train", "x.csv", "--save", "m.st", *LEARNS)
    whole = succeeds("predict", "m.st", "x.csv")
    write_csv("x.csv", ["" for _ in VALUES])
    assert succeeds("predict", "m.st", "x.csv") == whole


def test_a_test_file_is_read_as_the_training_file(succeeds, fails):
    """Text that looks like numbers, booleans or dates in the test file alone."""
    texts = ["True", "2020-01-01", "007", "1.50", "x"]
    rows = [[a, texts[i % 5]] for i, (a, _) in enumerate(INPUTS)]
    labels = [texts[i % 5] for i in range(60)]
    write_csv("train.csv", labels, rows)
    for text in texts:
        chosen = [i for i in range(60) if texts[i % 5] == text]
        write_csv("test.csv", [labels[i] for i in chosen], [rows[i] for i in chosen])
        out = succeeds("train", "train.csv", "--test", "test.csv", "--categorical", "b", *LEARNS)
        assert "5 classes" in out
        assert metric("test accuracy", out) == 1
    write_csv("test.csv", KINDS, [["x", "x"] for _ in INPUTS])
    fails(1, r"test\.csv, line 2, column 1 \('a'\).*'x'", "train", "train.csv", "--test", "test.csv")


def test_a_test_file_with_columns_in_another_order(succeeds):
    rows = [dict(row, id=i) for i, row in enumerate(MIXED)]
    write_mixed("train.csv", rows)
    write_mixed("test.csv", rows[:20])
    write_mixed("swapped.csv", [dict(reversed(row.items())) for row in MIXED[:20]], missing=False)
    write_mixed("whole.csv", MIXED[:20], missing=False)
    whole, swapped = (
        succeeds("train", "train.csv", "--target", "kind", "--drop", 6, "--test", f"{name}.csv", *LEARNS)
        for name in ("whole", "swapped")
    )
    assert split_of(swapped) == [60, 20]
    assert metric("test accuracy", swapped) == metric("test accuracy", whole) > 0.8
    assert re.search(r"\ncode +categorical.*000, 001, 002", swapped)
    succeeds("train", "train.csv", "--target", "kind", "--drop", "id", "--test", "test.csv", *FEW)


# --- real tables ----------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target", "least"),
    [
        ("abalone", "rings", 0.45),
        ("adult", "income", 0.84),
        ("bank_marketing", "y", 0.89),
        ("bikeshare", "bikers", 0.4),
        ("california_housing", "median_house_value", 0.68),
        ("churn", "churn", 0.87),
        ("diamonds", "price", 0.95),
        ("flights", "arr_delay", 0.82),
        ("letter", "lettr", 0.85),
        ("lightgbm_binary", None, 0.6),
        ("penbased", "digit", 0.95),
        ("protein", None, 0.3),
        ("satellite", "classes", 0.84),
        ("shuttle", "Class", 0.97),
        ("spambase", "type", 0.9),
        ("wine_quality", "quality", 0.25),
    ],
)
def test_all_open_tables(name, target, least, run, succeeds, data_folder):
    file = data_folder / "open" / f"{name}.csv.gz"
    loss = ["--loss", "squared_error"] if name in ("abalone", "wine_quality") else []
    chosen = [] if target is None else ["--target", target]
    few = ["--epochs", 3] if name == "flights" else []
    code, out, _ = run("train", file, *chosen, *loss, *few, "--json", "--save", "m.st")
    assert code == 0
    found = json.loads(out)
    metrics = found["metrics"]
    assert metrics.get("accuracy", metrics.get("r2")) > least
    assert len(predictions(succeeds("predict", "m.st", file))) == found["n_train"] + found["n_test"]
