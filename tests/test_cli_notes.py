"""The command line on columns of text that nearly are numbers, markers of missing values, and identifiers."""

import re

import numpy as np
import pytest
from cli_data import FEW, INPUTS, KINDS, write_csv

import cmlp
from cmlp.datasets import read_table


def write_with(name, fields, header="a,b,y"):
    """The table of INPUTS and KINDS with other fields in column a, by row."""
    return write_csv(name, KINDS, [[fields.get(i, a), b] for i, (a, b) in enumerate(INPUTS)], header)


def notes(out):
    return re.findall(r"^note: (.*)$", out, re.MULTILINE)


def test_a_column_that_a_few_fields_make_text(succeeds):
    write_with("x.csv", {7: "oops", 9: "", 11: "NA"})
    (note,) = notes(succeeds("train", "x.csv", *FEW))
    assert note == (
        "column 'a' is text because of 'oops' in line 9 (1 of 58 fields is no number); --missing oops reads it as missing"
    )
    write_with("x.csv", {7: "?", 9: "? ", 30: "?"})
    (note,) = notes(succeeds("train", "x.csv", *FEW))
    assert re.search(r"'\?' in line 9 \(3 of 60 fields are no numbers\); --missing '\?' reads", note)
    write_with("x.csv", {7: "?", 9: "x"})
    (note,) = notes(succeeds("train", "x.csv", *FEW))
    assert note.endswith("'?' in line 9 (2 of 60 fields are no numbers)")
    write_with("x.csv", {3: "n 1"}, header="")
    (note,) = notes(succeeds("train", "x.csv", "--no-header", "--target", -1, *FEW))
    assert note.startswith("column 0 is text because of 'n 1' in line 4 (1 of 60")


def test_columns_that_are_text_all_the_same(succeeds):
    write_with("x.csv", {i: f"id {i}" for i in range(7)})
    (note,) = notes(succeeds("train", "x.csv", *FEW))
    assert re.fullmatch(r"column 'a' is text with 6\d different values in 60 rows.*identifier; --drop a leaves it out", note)
    write_with("x.csv", {i: f"{i:03}" for i in range(60)} | {5: "x"}, header="the code,b,y")
    (note,) = notes(succeeds("train", "x.csv", *FEW))
    assert "--drop 'the code'" in note


@pytest.mark.parametrize("marker", ["?", "-999"])
def test_markers_of_missing_values(marker, succeeds, fails):
    write_with("x.csv", {7: marker, 9: marker, 30: marker})
    write_with("empty.csv", {7: "", 9: "", 30: ""})
    told = ["--missing", "none", "--missing", marker]
    out = succeeds("train", "x.csv", *told, "--save", "m.st", *FEW)
    assert not notes(out)
    assert re.search(r"\na +numeric", out)
    succeeds("train", "empty.csv", "--save", "empty.st", *FEW)
    np.testing.assert_array_equal(cmlp.load("m.st").network.variables, cmlp.load("empty.st").network.variables)
    expected = succeeds("predict", "m.st", "empty.csv", "--proba")
    assert succeeds("predict", "m.st", "x.csv", "--proba", *told) == expected
    assert succeeds("evaluate", "m.st", "x.csv", *told) == succeeds("evaluate", "m.st", "empty.csv")
    if marker == "?":
        fails(1, r"x\.csv, line 9, column 1 \('a'\).*'\?'", "predict", "m.st", "x.csv")


def test_a_marker_in_text_in_quotes_and_in_the_target(succeeds, fails):
    towns = ["Bern", "?", "Basel?"]
    write_csv("x.csv", KINDS, [[a, f'"{towns[i % 3]}"'] for i, (a, _) in enumerate(INPUTS)])
    town = read_table("x.csv", missing=["?"]).columns[1]
    assert town[:3].tolist() == ["Bern", None, "Basel?"]
    write_csv("x.csv", ["?", *KINDS[1:]])
    fails(1, "line 2: the target 'y' is missing, in 1 of 60", "train", "x.csv", "--missing", "?")


def test_markers_are_a_list():
    with pytest.raises(TypeError, match=r"missing must be a sequence of strings, got '\?'"):
        read_table("x.csv", missing="?")


@pytest.mark.parametrize(("n", "noted"), [(20, False), (21, True)])
def test_many_integers_that_are_classes(n, noted, succeeds):
    labels, X = [i % n for i in range(4 * n)], (INPUTS * 2)[: 4 * n]
    write_csv("x.csv", labels, X)
    expected = [f"classification: {n} different integers; --loss squared_error makes it regression"] if noted else []
    assert notes(succeeds("train", "x.csv", *FEW)) == expected
    assert not notes(succeeds("train", "x.csv", "--loss", "cross_entropy", *FEW))
    assert not notes(succeeds("train", "x.csv", "--loss", "squared_error", *FEW))
    write_csv("x.csv", [f"label {label}" for label in labels], X)
    assert not notes(succeeds("train", "x.csv", *FEW))


def test_missing_numbers_of_arrays(succeeds):
    X = np.array(INPUTS)
    np.save("whole.npy", X)
    X[3, 0] = np.nan
    np.save("some.npy", X)
    np.save("y.npy", np.array([int(kind == "low") for kind in KINDS]))
    for name in ("whole", "some"):
        succeeds("train", f"{name}.npy", "--labels", "y.npy", "--save", f"{name}.st", *FEW)
        predicted = succeeds("predict", f"{name}.st", "some.npy", "--proba").splitlines()
        assert len(predicted) == 61
        assert "nan" not in "".join(predicted[1:])
