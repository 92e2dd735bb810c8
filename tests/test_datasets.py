"""The data sets: the bundled digits, and points in the plane made from a seed."""

import doctest
import importlib
from importlib import resources

import numpy as np
import pytest

from cmlp import datasets

GENERATORS = [datasets.flower, datasets.moons, datasets.circles, datasets.spirals, datasets.xor]


@pytest.mark.parametrize("name", ["csv_files", "csv_rows", "table_files", "digits", "idx", "planar"])
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(f"cmlp.datasets.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_all_names_exist_and_are_documented():
    assert sorted(datasets.__all__) == datasets.__all__
    for name in datasets.__all__:
        assert getattr(datasets, name).__doc__


def test_missing_files_stay_file_not_found(tmp_path):
    for read in (datasets.read_idx, datasets.read_csv, datasets.read_table):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "nowhere")


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


def test_mnist(data_folder):
    folder = data_folder / "mnist"
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
