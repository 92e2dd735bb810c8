"""What the commands of the command line do."""

import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cmlp import datasets, losses, optimizers, scores, show_config, targets
from cmlp.layers import Array
from cmlp.network import Network
from cmlp.progress import Reporter

TEST_FRACTION = 0.2
MOST_CLASSES = 100  # whole numbers of more kinds than this are taken for values
LARGEST_TABLE = 12  # classes that a table of confusions shows
LONGEST_NAME, LONGEST_HEADING = 24, 8  # characters of a class before its row, and above its column


class UsageError(Exception):
    """What was asked for makes no sense, whatever the files hold."""


@dataclass
class Data:
    """Samples to train on and to test on; y in the units of the file is ``y * y_scale + y_mean``."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array
    what: str
    labelled: bool = False  # y is classes, whatever the loss
    input_scale: float = 1.0
    y_mean: float = 0.0
    y_scale: float = 1.0


def info(options) -> None:
    """``cmlp info``."""
    show_config()


def demo(options) -> None:
    """``cmlp demo``."""
    X, y, X_test, y_test = datasets.load_digits(split=True)
    data = Data(X, y, X_test, y_test, "handwritten digits, 8 x 8 pixels: 64 inputs; labels", True, 1 / 16)
    net = Network([64, 64, 10], input_scale=data.input_scale, seed=options.seed, classes=range(10))
    fit_and_report(net, data, optimizers.Adam(0.003), 32, options)


def train(options) -> None:
    """``cmlp train``."""
    kind = optimizers.BY_NAME[options.optimizer]
    optimizer = kind() if options.learning_rate is None else kind(options.learning_rate)
    data = read(options)
    loss, classes = loss_and_classes(data, options.loss)
    try:
        net = Network(
            [data.X.shape[1], *options.hidden, n_outputs_for(loss, classes) * losses.resolve(loss).outputs_per_target],
            options.activation,
            loss,
            output=options.output,
            norm=options.norm,
            dropout=options.dropout,
            residual=options.residual,
            input_scale=data.input_scale,
            dtype=options.dtype,
            seed=options.seed,
            classes=classes,
        )
    except ValueError as error:
        raise UsageError(error) from None
    fit_and_report(net, data, optimizer, options.batch_size, options)


# --- what the target means ----------------------------------------------------------------------------------
def loss_and_classes(data: Data, loss: str | None) -> tuple[str, list | None]:
    """The loss asked for or, without one, that fits; the classes, or None for values.

    Values are standardised, but for losses that need them to be positive.
    """
    if are_classes(data, loss):
        if loss in targets.VALUE_LOSSES:
            raise UsageError(f"--loss {loss} is for values, and the target holds classes")
        classes = classes_of(data)
        return loss or ("log_loss" if len(classes) == 2 else "cross_entropy"), classes
    if (data.y == data.y[0]).all():
        raise ValueError(f"every sample to train on has the target {data.y[0]}: there is nothing to learn")
    data.y, data.y_test = data.y.astype(np.float64), data.y_test.astype(np.float64)
    if loss not in targets.LEAST:
        mean, scale = standardise(data.y, data.y_test)
        data.y_mean, data.y_scale = float(mean), float(scale)
    return loss or "squared_error", None


def are_classes(data: Data, loss: str | None) -> bool:
    """Text is; numbers are if the loss wants classes or, where none was asked for, if they are whole and of few kinds."""
    if data.labelled or data.y.dtype.kind == "U" or loss in targets.CLASS_LOSSES:
        return True
    most = max(2, min(MOST_CLASSES, len(data.y) // 2))
    return loss is None and data.y.dtype.kind != "f" and len(np.unique(data.y)) <= most


def classes_of(data: Data) -> list:
    """All labels, of the test samples too: a network must have room for them."""
    if (data.y == data.y[0]).all():
        raise ValueError(f"every sample to train on is of the class {data.y[0]}: there is nothing to learn")
    classes = np.unique(np.concatenate([data.y, data.y_test]))
    if classes.dtype.kind == "f" and (classes != np.floor(classes)).any():
        raise ValueError("the target holds numbers with a fraction, which are no classes: use --loss squared_error")
    return classes.tolist()


def n_outputs_for(loss: str, classes: list | None) -> int:
    """One output for values, and for two classes where one can tell them apart; else one for each class."""
    if classes is None:
        return 1
    return 1 if len(classes) == 2 and loss in ("log_loss", "perceptron") else len(classes)


# --- reading --------------------------------------------------------------------------------------------------
def read(options) -> Data:
    path = Path(options.data)
    if path.is_dir():
        return read_mnist_folder(path, options)
    if options.test_labels and not options.test:
        raise UsageError("--test-labels goes with --test")
    if is_idx(path):
        return read_idx_files(path, options.test, options)
    return read_csv_files(path, options)


def is_idx(path: Path) -> bool:
    return ".csv" not in path.suffixes and ("idx" in path.name or path.suffix in (".idx", ".ubyte"))


def read_mnist_folder(folder: Path, options) -> Data:
    if options.test or options.test_fraction or options.labels or options.test_labels:
        raise UsageError("--test, --test-fraction, --labels and --test-labels go with a file, not with a folder")
    return read_idx_files(images_in(folder, "train"), images_in(folder, "t10k"), options)


def images_in(folder: Path, part: str) -> Path:
    found = sorted(folder.glob(f"{part}-images*idx?-ubyte*"))
    if not found:
        raise ValueError(f"{folder}: a folder without {part}-images-idx3-ubyte or {part}-images-idx3-ubyte.gz; name a file")
    return found[0]


def read_idx_files(path: Path, test: str | Path | None, options) -> Data:
    if options.target is not None:
        raise UsageError("--target names a column of a CSV file; for IDX files give --labels")
    X, y = images_and_labels(path, options.labels)
    rest = images_and_labels(Path(test), options.test_labels) if test else None
    what, scale = f"{path.name}: {X.shape[1]} inputs; labels", 1 / 255 if X.dtype == np.uint8 else 1.0
    return Data(*parts(X, y, rest, options), what, y.dtype.kind != "f", scale)


def images_and_labels(path: Path, labels: str | None) -> tuple[Array, Array]:
    images = datasets.read_idx(path)
    name = path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    if labels is None and name == path.name:
        raise UsageError(f"{path}: no file of images by its name; give its labels too, with --labels FILE")
    y = datasets.read_idx(labels or path.with_name(name))
    if y.ndim != 1 or images.ndim < 2 or len(y) != len(images):
        raise ValueError(f"{path} holds an array {images.shape}, its labels are {y.shape}: not one label for each image")
    return images.reshape(len(images), -1), y


def read_csv_files(path: Path, options) -> Data:
    if options.labels or options.test_labels:
        raise UsageError("--labels and --test-labels go with IDX files; for a CSV file give --target COLUMN")
    X, y, names = datasets.read_csv(path, column(options.target), dtype=options.dtype)
    rest = None
    if options.test:
        *rest, test_names = datasets.read_csv(options.test, column(options.target), dtype=options.dtype)
        if test_names != names:
            raise ValueError(f"{options.test}: the names of the columns are not those of {path}")
    what = f"{path.name}: {X.shape[1]} inputs; target column {options.target or 'label, else the first'}"
    data = Data(*parts(X, y, rest, options), what)
    unite_labels(data)
    standardise(data.X, data.X_test)
    return data


def column(target: str | None) -> str | int | None:
    return int(target) if target is not None and re.fullmatch("-?[0-9]+", target) else target


def unite_labels(data: Data) -> None:
    """Labels such as 1, 2, x are whole numbers for a reader who meets no x: text in one part makes both text."""
    kinds = {data.y.dtype.kind, data.y_test.dtype.kind}
    if kinds == {"U", "f"}:
        raise ValueError("the target is text in one file and numbers in the other")
    if "U" in kinds:
        data.y, data.y_test = data.y.astype(str), data.y_test.astype(str)


def parts(X: Array, y: Array, rest, options) -> tuple[Array, Array, Array, Array]:
    """What to train on and what to test on: the rest, if there is any, else a share of the samples."""
    if rest is None:
        return split(X, y, options.test_fraction or TEST_FRACTION, options.seed)
    here, there = (f"{array.shape[1]} inputs ({array.dtype})" for array in (X, rest[0]))
    if here != there:
        raise ValueError(f"the samples to train on have {here}, those to test on {there}")
    return X, y, *rest


def split(X: Array, y: Array, fraction: float, seed: int) -> tuple[Array, Array, Array, Array]:
    """The last samples, in an order drawn from the seed, are kept apart."""
    n_test = round(len(X) * fraction)
    if not 0 < n_test < len(X):
        use = "train" if n_test else "test"
        raise ValueError(f"too few samples, {len(X):,}, for --test-fraction {fraction}: none would be left to {use} on")
    order = np.random.default_rng(seed).permutation(len(X))
    return X[order[:-n_test]], y[order[:-n_test]], X[order[-n_test:]], y[order[-n_test:]]


def standardise(samples: Array, others: Array) -> tuple[Array, Array]:
    """Bring the columns of the samples to mean 0 and standard deviation 1, or to 0 if constant; the others likewise."""
    try:
        with np.errstate(over="raise", divide="raise"):
            mean, scale = samples.mean(axis=0, dtype=np.float64), samples.std(axis=0, dtype=np.float64)
            scale = np.where(samples.min(axis=0) == samples.max(axis=0), 1.0, scale)
            for part in (samples, others):
                part -= mean.astype(part.dtype)
                part /= scale.astype(part.dtype)
    except FloatingPointError:
        raise ValueError("a column spreads too far, or too little, to be brought to a standard deviation of 1") from None
    return mean, scale


# --- training and telling ----------------------------------------------------------------------------------
def fit_and_report(net: Network, data: Data, optimizer, batch_size: int, options) -> None:
    print(f"{data.what}: {kind_of_target(data, net.classes)}")
    print(f"{len(data.X):,} samples to train on, {len(data.X_test):,} to test on")
    print(net.summary())
    print(f"{optimizer}, batches of {min(batch_size, len(data.X))}", flush=True)
    began = time.perf_counter()
    with Reporter(options.epochs) as report:
        net.fit(
            data.X,
            data.y,
            optimizer=optimizer,
            batch_size=batch_size,
            epochs=options.epochs,
            n_threads=options.threads,
            verbose=report,
        )
    seconds = time.perf_counter() - began
    predicted = net.predict(data.X_test, n_threads=options.threads)
    print(errors(data, predicted) if net.classes is None else mistakes(data, predicted, net.classes))
    print(f"trained in {seconds:.2f} s")


def kind_of_target(data: Data, classes: Array | None) -> str:
    if classes is None:
        least, most = (data.y_mean + data.y_scale * value for value in (data.y.min(), data.y.max()))
        return f"values from {least:.6g} to {most:.6g}"
    unseen = len(np.setdiff1d(data.y_test, data.y))
    return f"{len(classes)} classes" + (f", {unseen} of them only among the samples to test on" if unseen else "")


def errors(data: Data, predicted: Array) -> str:
    """How far values are off, in the units of the file."""
    error = (predicted - data.y_test) * data.y_scale
    varies = (data.y_test != data.y_test[0]).any()
    r2 = f"{scores.r2(data.y_test, predicted, None):.4f}" if varies else "undefined for equal targets"
    return (
        f"test R2 {r2}, root mean squared error {np.sqrt((error**2).mean()):.6g}, "
        f"mean absolute error {np.abs(error).mean():.6g}"
    )


def mistakes(data: Data, predicted: Array, classes: Array) -> str:
    """Which classes are taken for which, and the accuracy, beside that of always answering the most frequent class."""
    labels, counts = np.unique(data.y, return_counts=True)
    usual = labels[counts.argmax()]
    wrong = int((predicted != data.y_test).sum())
    if len(classes) <= LARGEST_TABLE:
        detail = confusion_table(classes, data.y_test, predicted)
    else:
        detail = frequent_confusions(data.y_test, predicted)
    return (
        f"{detail}\ntest accuracy {1 - wrong / len(predicted):.4f}, {wrong:,} of {len(predicted):,} wrong "
        f"(always answering {usual}: {(data.y_test == usual).mean():.4f})"
    )


def confusion_table(classes: Array, y: Array, predicted: Array) -> str:
    """Rows: the true class; columns: what it was taken for."""
    counts = scores.confusion(np.searchsorted(classes, y), np.searchsorted(classes, predicted), len(classes))
    names = [str(name) for name in classes]
    cells = [["true \\ taken for", *(name[:LONGEST_HEADING] for name in names)]]
    cells += [[name[:LONGEST_NAME], *(f"{n:,}" if n else "." for n in row)] for name, row in zip(names, counts)]
    lengths = [max(map(len, texts)) for texts in zip(*cells)]
    return "\n".join("  ".join(text.rjust(length) for text, length in zip(row, lengths)) for row in cells)


def frequent_confusions(y: Array, predicted: Array) -> str:
    wrong = predicted != y
    pairs = Counter(zip(y[wrong].tolist(), predicted[wrong].tolist())).most_common(5)
    said = [f"{true} for {taken} ({n:,} times)" for (true, taken), n in pairs]
    return "most often mistaken: " + (", ".join(said) or "none")
