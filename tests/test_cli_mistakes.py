"""The command line: one line and an exit code for every mistake."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from cli_data import INPUTS, KINDS, VALUES, write_csv, write_images


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "required"),
        ("bogus", "'bogus'"),
        ("demo extra", "extra"),
        ("demo --epochs 0", "--epochs.*'0'"),
        ("demo --epochs many", "--epochs.*'many'"),
        ("demo --seed -1", "--seed.*'-1'"),
        ("demo --threads 0", "--threads.*256.*'0'"),
        ("demo --threads -1", "--threads.*256"),
        ("demo --threads 100000", "--threads.*256.*'100000'"),
        ("train", "DATA"),
        ("train x.csv --hidden 0", "--hidden.*'0'"),
        ("train x.csv --hidden 8,,8", "--hidden.*'8,,8'"),
        ("train x.csv --hidden 8x", "--hidden.*'8x'"),
        ("train x.csv --learning-rate nan", "--learning-rate.*'nan'"),
        ("train x.csv --learning-rate -1", "--learning-rate"),
        ("train x.csv --learning-rate inf", "--learning-rate.*'inf'"),
        ("train x.csv --batch-size 0", "--batch-size.*'0'"),
        ("train x.csv --test-fraction 0", "--test-fraction.*'0'"),
        ("train x.csv --test-fraction 1", "--test-fraction.*'1'"),
        ("train x.csv --test-fraction nan", "--test-fraction.*'nan'"),
        ("train x.csv --test y.csv --test-fraction 0.5", "--test-fraction.*--test"),
        ("train x.csv --test-labels y", "--test"),
        ("train x.csv --labels y", "--labels.*IDX"),
        ("train x.csv --activation sign", "'sign'"),
        ("train x.csv --output sign", "'sign'"),
        ("train x.csv --loss hinge", "'hinge'"),
        ("train . --test-fraction 0.5", "--test-fraction"),
        ("train . --labels y", "--labels"),
    ],
)
def test_bad_usage(fails, arguments, message):
    fails(2, message, *arguments.split())


def test_bad_usage_that_shows_once_the_data_are_read(fails):
    write_csv("kinds.csv", KINDS)
    fails(2, "output.*log_loss.*tanh", "train", "kinds.csv", "--target", "y", "--output", "tanh")
    fails(2, f"size.*1.*{10**20}", "train", "kinds.csv", "--target", "y", "--hidden", 10**20)


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (KINDS, ["--target", "z"], "'z'.*'a', 'b', 'y'"),
        (KINDS, ["--target", 3], r"column.*\b3\b"),
        (KINDS, ["--target", -4], r"column.*-4\b"),
        (KINDS, ["--target", "²"], "column.*'²'"),
        (["one"] * 60, ["--target", "y"], r"class.*\bone\b"),
        ([2.5] * 60, ["--target", "y"], r"2\.5"),
        (VALUES, ["--target", "y", "--loss", "cross_entropy"], "--loss"),
        (VALUES, ["--target", "y", "--loss", "perceptron"], "--loss"),
        (KINDS, ["--target", "y", "--test", "nothing.csv"], "^cmlp.*nothing.csv"),
        (KINDS, ["--target", "y", "--test", "."], "directory"),
        (KINDS, ["--target", "y", "--test-fraction", 0.001], r"60.*--test-fraction 0\.001.*test"),
        (KINDS, ["--target", "y", "--test-fraction", 0.999], r"60.*--test-fraction 0\.999.*train"),
        (VALUES[:1], ["--target", "y"], r"\b1\b.*--test-fraction"),
        ([], ["--target", "y"], "data.csv.*header"),
    ],
)
def test_failed_work(fails, target, options, message):
    write_csv("data.csv", target)
    fails(1, message, "train", "data.csv", *options)


def test_a_training_that_diverges(run):
    write_csv("kinds.csv", KINDS)
    code, _, err = run("train", "kinds.csv", "--target", "y", "--learning-rate", 1e30)
    assert code == 1
    assert re.fullmatch(r"cmlp[^\n]*epoch \d, step \d+[^\n]+\n", err)


def test_test_files_that_do_not_fit(fails):
    write_csv("train.csv", VALUES)
    write_csv("other.csv", VALUES, header="b,a,z")
    write_csv("text.csv", KINDS)
    write_csv("plain.csv", VALUES, header="")
    write_csv("wide.csv", VALUES, [[a, b, a] for a, b in INPUTS], header="")
    message = r"other\.csv must have the columns of train\.csv: missing: 'y' \(the target\); unknown: 'z'"
    fails(1, message, "train", "train.csv", "--target", "y", "--test", "other.csv")
    fails(1, r"missing: 'y'; unknown: 'z'\n", "train", "train.csv", "--target", "a", "--test", "other.csv")
    fails(1, "plain.csv.*column", "train", "train.csv", "--target", 2, "--test", "plain.csv")
    fails(1, "numbers", "train", "train.csv", "--target", "y", "--test", "text.csv")
    fails(1, r"\b3 columns without names, got 4 columns without", "train", "plain.csv", "--target", 2, "--test", "wide.csv")


def test_options_and_arguments_in_the_wrong_place(fails):
    write_csv("kinds.csv", KINDS)
    fails(2, "^cmlp train: unrecognized arguments: --hiden 5; see cmlp train --help$", "train", "kinds.csv", "--hiden", 5)
    fails(2, r"^cmlp: kinds\.csv is a CSV file: MODEL comes first", "predict", "kinds.csv", "model.st")
    fails(2, r"old\.parquet is a Parquet file: MODEL comes first", "evaluate", "old.parquet", "model.st")
    fails(2, r"old\.CSV\.gz is a CSV file: MODEL comes first", "evaluate", "old.CSV.gz", "model.st")
    fails(
        1,
        "no delimiter ';', but 3 fields each with ','",
        "train",
        "kinds.csv",
        "--target",
        "y",
        "--delimiter",
        ";",
    )


@pytest.mark.parametrize(
    ("value", "loss", "message"),
    [
        (-2, "poisson", r"the target must be .*got -2\.?0?: shift the target, or use --loss squared_error"),
        (0, "gamma", r"the target must be .*got 0"),
        ("inf", "squared_error", "the target must be finite, got inf: leave the row out"),
        ("-inf", None, "the target must be finite, got -inf"),
    ],
)
def test_targets_outside_of_the_domain_are_located(value, loss, message, fails):
    chosen = [] if loss is None else ["--loss", loss]
    write_csv("x.csv", [abs(v) + 1 for v in VALUES])
    write_csv("bad.csv", [value if i == 7 else abs(v) + 1 for i, v in enumerate(VALUES)])
    fails(1, rf"bad\.csv, line 9: {message}", "train", "bad.csv", *chosen)
    fails(1, rf"bad\.csv, line 9: {message}", "train", "x.csv", "--test", "bad.csv", *chosen)


def test_files_that_are_none(fails):
    fails(1, "^cmlp.*nothing.csv", "train", "nothing.csv")
    fails(1, r"^cmlp.*train-images-idx3-ubyte", "train", ".")
    for name in ("train-images-idx3-ubyte.gz", "damaged.csv.gz"):
        Path(name).write_bytes(b"\x1f\x8b\x08\x00 cut short")
        fails(1, f"{name}.*gzip", "train", name)
    Path("image.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    fails(1, "image.csv.*byte 0x89.*UTF-8", "train", "image.csv")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a file that this user may not read")
def test_an_unreadable_file(fails):
    write_csv("secret.csv", KINDS)
    os.chmod("secret.csv", 0)
    fails(1, "secret.csv.*Permission denied", "train", "secret.csv")


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no /dev/null here")
def test_an_empty_file(fails):
    fails(1, "/dev/null.*empty", "train", "/dev/null")


def test_idx_mistakes(fails):
    write_images("train-images-idx3", 30)
    write_images("wider-images-idx3", 30, (4, 4))
    write_images("float-images-idx3", 30, dtype=np.float32)
    fails(1, r"\b9 .*uint8.*\b16 ", "train", "train-images-idx3", "--test", "wider-images-idx3")
    fails(1, r"\b9 .*uint8.*\b9 .*float32", "train", "train-images-idx3", "--test", "float-images-idx3")
    fails(1, "30", "train", "train-images-idx3", "--labels", "train-images-idx3")
    fails(1, "nothing", "train", "train-images-idx3", "--labels", "nothing")
    fails(1, "other-images-idx3", "train", "other-images-idx3")
    fails(2, "--labels", "train", "train-labels-idx1")
    fails(2, "--target", "train", "train-images-idx3", "--target", "y")
    os.mkdir("half")
    write_images("half/train-images-idx3-ubyte", 3)
    fails(1, "half.*t10k-images-idx3-ubyte", "train", "half")
