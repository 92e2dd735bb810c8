"""What the commands of the command line do."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import datasets, optimizers, progress, scores, show_config, targets
from cmlp.layers import Array
from cmlp.network import Network

MOST_CLASSES = 100  # whole numbers of more kinds than this are taken for values
LARGEST_TABLE = 30  # classes that a table of confusions shows


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
    data = Data(X, y, X_test, y_test, "handwritten digits, 8 x 8 pixels", True, 1 / 16)
    net = Network([64, 64, 10], loss="cross_entropy", input_scale=data.input_scale, seed=checked_seed(options))
    fit_and_report(net, data, optimizers.Adam(0.003), 32, options)


def train(options) -> None:
    """``cmlp train``."""
    optimizer = optimizers.BY_NAME[options.optimizer]
    chosen = optimizer() if options.learning_rate is None else optimizer(options.learning_rate)
    seed = checked_seed(options)
    data = read(options)
    loss = options.loss or guess_loss(data)
    classes = None
    if loss in targets.CLASS_LOSSES or data.labelled or data.y.dtype.kind == "U":
        classes = classes_of(data)
    else:
        standardise_target(data)
    try:
        net = Network(
            [data.X.shape[1], *options.hidden, n_outputs_for(loss, classes)],
            options.activation,
            loss,
            output=options.output,
            input_scale=data.input_scale,
            dtype=options.dtype,
            seed=seed,
            classes=classes,
        )
    except ValueError as error:
        raise UsageError(error) from None
    fit_and_report(net, data, chosen, options.batch_size, options)


def checked_seed(options) -> int:
    if options.seed < 0:
        raise UsageError(f"--seed must be at least 0; got {options.seed}")
    return options.seed


def guess_loss(data: Data) -> str:
    """Text and few kinds of whole numbers are classes; other numbers are values."""
    n_kinds = len(np.unique(data.y))
    if not data.labelled and (data.y.dtype.kind == "f" or (data.y.dtype.kind == "i" and n_kinds > MOST_CLASSES)):
        return "squared_error"
    return "log_loss" if n_kinds == 2 else "cross_entropy"


def classes_of(data: Data) -> list:
    """All labels, of the test samples too: a network must have room for them."""
    classes = np.unique(np.concatenate([data.y, data.y_test]))
    if len(classes) < 2:
        raise ValueError(f"the target holds one class only: {classes.tolist()}")
    if classes.dtype.kind == "f":
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
    if is_idx(path):
        return read_idx_files(path, options)
    return read_csv_files(path, options)


def is_idx(path: Path) -> bool:
    return ".csv" not in path.suffixes and ("idx" in path.name or path.suffix in (".idx", ".ubyte"))


def read_mnist_folder(folder: Path, options) -> Data:
    found = {kind: sorted(folder.glob(f"{kind}-images*idx?-ubyte*")) for kind in ("train", "t10k")}
    missing = [kind for kind, files in found.items() if not files]
    if missing:
        raise UsageError(f"{folder} holds no file {missing[0]}-images-idx3-ubyte or ...-ubyte.gz: name a file instead")
    if options.test or options.labels or options.test_labels:
        raise UsageError("--test, --labels and --test-labels go with a file, not with a folder")
    options.test = found["t10k"][0]
    return read_idx_files(found["train"][0], options)


def read_idx_files(path: Path, options) -> Data:
    if options.target is not None:
        raise UsageError("--target names a column of a CSV file; for IDX files give --labels")
    X, y = images_and_labels(path, options.labels)
    what = f"{path.name}: {X.shape[1]} inputs"
    scale = 1 / 255 if X.dtype == np.uint8 else 1.0
    if options.test:
        return Data(X, y, *images_and_labels(Path(options.test), options.test_labels), what, True, scale)
    return Data(*split(X, y, options), what, True, scale)


def images_and_labels(path: Path, labels: str | None) -> tuple[Array, Array]:
    images = datasets.read_idx(path)
    name = path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    if labels is None and name == path.name:
        raise UsageError(f"where are the labels of {path.name}? give --labels FILE")
    y = datasets.read_idx(labels or path.with_name(name))
    if y.ndim != 1 or images.ndim < 2 or len(y) != len(images):
        raise ValueError(f"{path.name} holds an array {images.shape}, its labels {y.shape}: one label for each image")
    return images.reshape(len(images), -1), y


def read_csv_files(path: Path, options) -> Data:
    if options.labels or options.test_labels:
        raise UsageError("--labels goes with IDX files; for a CSV file give --target COLUMN")
    X, y, names = datasets.read_csv(path, column(options.target))
    what = f"{path.name}: {X.shape[1]} inputs"
    if options.test:
        X_test, y_test, test_names = datasets.read_csv(options.test, column(options.target))
        if test_names != names:
            raise ValueError(f"the columns of {options.test} are not those of {path}")
        data = Data(X, y, X_test, y_test, what)
    else:
        data = Data(*split(X, y, options), what)
    mean, scale = data.X.mean(axis=0, dtype=np.float64), data.X.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1
    for part in (data.X, data.X_test):
        part -= mean.astype(part.dtype)
        part /= scale.astype(part.dtype)
    return data


def column(target: str | None) -> str | int | None:
    return int(target) if target is not None and target.isdigit() else target


def split(X: Array, y: Array, options) -> tuple[Array, Array, Array, Array]:
    """The last --test-fraction of the samples, in an order drawn from the seed, are kept apart."""
    n_test = round(len(X) * options.test_fraction)
    if not 0 < n_test < len(X):
        raise ValueError(f"{len(X)} samples cannot be split by --test-fraction {options.test_fraction}")
    order = np.random.default_rng(checked_seed(options)).permutation(len(X))
    return X[order[:-n_test]], y[order[:-n_test]], X[order[-n_test:]], y[order[-n_test:]]


def standardise_target(data: Data) -> None:
    data.y_mean, data.y_scale = float(data.y.mean()), float(data.y.std()) or 1.0
    data.y = (data.y - data.y_mean) / data.y_scale
    data.y_test = (data.y_test - data.y_mean) / data.y_scale


# --- training and telling ----------------------------------------------------------------------------------
def fit_and_report(net: Network, data: Data, optimizer, batch_size: int, options) -> None:
    print(f"{data.what}, {len(data.X):,} samples to train on, {len(data.X_test):,} to test on")
    print(net.summary())
    print(f"{optimizer}, batches of {min(batch_size, len(data.X))}", flush=True)
    began = time.perf_counter()
    with reporter(options.epochs) as report:
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
    tell(net, data)
    print(f"trained in {seconds:.2f} s")


def tell(net: Network, data: Data) -> None:
    """The metrics on the test samples."""
    predicted = net.predict(data.X_test)
    if net.classes is None:
        error = (predicted - data.y_test) * data.y_scale
        print(f"test R2 {scores.r2(data.y_test, predicted, None):.4f}")
        print(f"test root mean squared error {np.sqrt((error**2).mean()):.6g}, mean absolute error {np.abs(error).mean():.6g}")
        return
    wrong = int((predicted != data.y_test).sum())
    if len(net.classes) <= LARGEST_TABLE:
        print(confusion_table(net.classes, data.y_test, predicted))
    print(f"test accuracy {1 - wrong / len(predicted):.4f} ({wrong:,} of {len(predicted):,} wrong)")


def confusion_table(classes: Array, y: Array, predicted: Array) -> str:
    """Rows: the true class; columns: what it was taken for."""
    counts = scores.confusion(np.searchsorted(classes, y), np.searchsorted(classes, predicted), len(classes))
    cells = [["true \\ taken for", *map(str, classes)]]
    cells += [[str(name), *(f"{n:,}" if n else "." for n in row)] for name, row in zip(classes, counts)]
    lengths = [max(map(len, texts)) for texts in zip(*cells)]
    return "\n".join("  ".join(text.rjust(length) for text, length in zip(row, lengths)) for row in cells)


class reporter:
    """Progress of a training: a bar on a terminal (with tqdm, extra ``cmlp[progress]``), lines on a pipe."""

    LINES = 10  # about as many on a pipe

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.every = max(1, epochs // self.LINES)
        self.bar: Any = None

    def __enter__(self) -> "reporter":
        if sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError:
                return self
            self.bar = tqdm(total=self.epochs, unit="epoch", leave=True)
        return self

    def __exit__(self, *exception) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, history, epochs: int) -> None:
        if self.bar is not None:
            self.bar.set_postfix(loss=f"{history.loss[-1]:.4f}", refresh=False)
            self.bar.update(len(history) - self.bar.n)
        elif len(history) % self.every == 0 or len(history) == epochs:
            progress.print_line(history, epochs)
