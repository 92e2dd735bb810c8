"""The options of ``cmlp train``, and what several commands share."""

import argparse
from collections.abc import Callable
from typing import Any

from cmlp import activations, losses, norms, optimizers, validation
from cmlp.cli.samples import TEST_FRACTION
from cmlp.cli.settings import SCHEDULES
from cmlp.cli.training import EPOCHS, MOST_EPOCHS, VALIDATION_FRACTION

MOST_CATEGORIES = 256


def argument(read: Callable[[str], Any], accept: Callable[[Any], bool], what: str) -> Callable[[str], Any]:
    """A type for argparse: the string converted by `read`, if `accept` accepts it."""

    def convert(text: str) -> Any:
        try:
            value = read(text)
        except ValueError:
            value = None
        if value is None or not accept(value):
            raise argparse.ArgumentTypeError(f"must be {what}, got {text!r}")
        return value

    return convert


def widths_in(text: str) -> list[int]:
    return [int(width) for width in text.split(",")] if text.strip() else []


positive = argument(int, lambda value: value >= 1, "an integer >= 1")
seed = argument(int, lambda value: value >= 0, "an integer >= 0")
threads = argument(int, lambda n: 1 <= n <= validation.MOST_THREADS, f"an integer from 1 to {validation.MOST_THREADS}")
widths = argument(widths_in, lambda values: all(value >= 1 for value in values), "widths such as 128,64")
fraction = argument(float, lambda value: 0 < value < 1, "a number in (0, 1)")
share = argument(float, lambda value: 0 <= value < 1, "a number in [0, 1)")
above_zero = argument(float, lambda value: 0 < value < float("inf"), "a finite number > 0")
rate = argument(float, lambda value: 0 <= value < float("inf"), "a finite number >= 0")


# --- reading ------------------------------------------------------------------------------------------------------------
def add_reading(group) -> None:
    """How a table is read."""
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first row of a CSV file holds column names (default: if it is text above other values)",
    )
    group.add_argument("--delimiter", metavar="CHAR", help="between the fields of a CSV file; tab for a tab (default: found)")
    group.add_argument("--decimal", choices=[".", ","], help="decimal point of a CSV file (default: found)")
    group.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="STRING",
        help="a field of a CSV file that stands for a missing value, such as ?; may be repeated; predict and evaluate need it "
        "again (default: empty fields, and in columns of numbers, booleans and dates NA, N/A, NaN, null, None)",
    )
    group.add_argument(
        "--drop", action="append", default=[], metavar="COLUMN", help="leave a column out, by name or index; may be repeated"
    )


def add_threads(group) -> None:
    group.add_argument("--threads", type=threads, metavar="N", help="maximum number of threads (default: all)")


def add_machine(group) -> None:
    group.add_argument("--json", action="store_true", help="print one JSON object; everything else goes to standard error")


def add_run(group, epochs: int | None, words: str) -> None:
    group.add_argument("--epochs", type=positive, default=epochs, metavar="N", help=f"passes over the training set ({words})")
    group.add_argument("--seed", type=seed, default=0, metavar="N", help="random seed (default: 0)")
    add_threads(group)


# --- cmlp train ---------------------------------------------------------------------------------------------------------
def add_data(group) -> None:
    group.add_argument(
        "data",
        metavar="DATA",
        help="a CSV, Parquet or Arrow file, - for standard input, an IDX file of images, a .npy file, or a folder with the "
        "four files of MNIST",
    )
    group.add_argument(
        "--target",
        metavar="COLUMN",
        help="target column of a table: name or index, -1 is the last (default: the one called label, target, class or y)",
    )
    add_reading(group)
    group.add_argument(
        "--labels",
        metavar="FILE",
        help="labels of an IDX file (default: its name with labels-idx1 for images-idx3) or a .npy file",
    )
    test = group.add_mutually_exclusive_group()
    test.add_argument("--test", metavar="DATA", help="test set: a file of the same format")
    test.add_argument(
        "--test-fraction",
        type=fraction,
        metavar="F",
        help=f"fraction of the samples held out for testing (default: {TEST_FRACTION})",
    )
    group.add_argument("--test-labels", metavar="FILE", help="labels of the test set, for IDX and .npy files")


def add_preprocessing(group) -> None:
    group.add_argument(
        "--scale",
        choices=["standard", "robust", "quantile", "none"],
        default="standard",
        help="scaling of numeric columns: to mean 0 and standard deviation 1, by median and quartiles, to a normal "
        "distribution by ranks, or none (default: standard)",
    )
    group.add_argument(
        "--categorical",
        action="append",
        default=[],
        metavar="COLUMN",
        help="one-hot encode a column of numbers too, by name or index; may be repeated",
    )
    group.add_argument(
        "--max-categories",
        type=positive,
        default=MOST_CATEGORIES,
        metavar="N",
        help=f"one-hot columns of a column; the rarest categories share one (default: {MOST_CATEGORIES})",
    )


def add_network(group) -> None:
    functions = [name for name, kind in activations.BY_NAME.items() if kind.hidden]
    group.add_argument(
        "--hidden", type=widths, default=[128], metavar="128,64", help='units of the hidden layers; "" for none (default: 128)'
    )
    group.add_argument(
        "--activation", choices=functions, default="relu", help="activation of the hidden layers (default: relu)"
    )
    group.add_argument("--output", choices=functions, help="output function, where the loss leaves it free (default: identity)")
    group.add_argument("--loss", choices=list(losses.BY_NAME), help="loss function (default: by the target, see above)")
    group.add_argument("--norm", choices=list(norms.BY_NAME), help="normalization in the hidden layers (default: none)")
    group.add_argument(
        "--dropout", type=share, default=0.0, metavar="P", help="dropout probability in the hidden layers (default: 0)"
    )
    group.add_argument(
        "--residual", type=int, choices=[0, 1, 2], default=0, help="layers per residual block (default: 0, none)"
    )
    group.add_argument("--dtype", choices=["float32", "float64"], default="float32", help="precision (default: float32)")


def add_training(group) -> None:
    group.add_argument(
        "--optimizer",
        choices=[name for name, kind in optimizers.BY_NAME.items() if issubclass(kind, optimizers.Optimizer)],
        default="adam",
        help="optimizer (default: adam)",
    )
    group.add_argument("--learning-rate", type=rate, metavar="RATE", help="learning rate (default: that of the optimizer)")
    group.add_argument(
        "--schedule", choices=SCHEDULES, help="of the learning rate, from or up to --learning-rate (default: constant)"
    )
    group.add_argument("--batch-size", type=positive, default=128, metavar="N", help="mini-batch size (default: 128)")
    add_run(group, None, f"default: {EPOCHS}; {MOST_EPOCHS} with --patience")
    group.add_argument(
        "--patience",
        type=positive,
        metavar="N",
        help="early stopping: stop after N epochs without a lower validation loss, and restore the best weights",
    )
    group.add_argument(
        "--validation-fraction",
        type=fraction,
        metavar="F",
        help=f"fraction of the training samples for validation (default: {VALIDATION_FRACTION} with --patience, else none)",
    )
    group.add_argument("--class-weight", choices=["balanced"], help="make all classes weigh the same together")
    group.add_argument("--weight-decay", type=rate, default=0.0, metavar="D", help="decoupled weight decay (default: 0)")
    group.add_argument("--l2", type=rate, default=0.0, metavar="L", help="L2 penalty (default: 0)")
    group.add_argument("--clip-norm", type=above_zero, metavar="C", help="gradient clipping to this norm (default: none)")


def add_files(group) -> None:
    group.add_argument("--save", metavar="FILE", help="save the trained model; after Ctrl-C, the last step or the best epoch")
    group.add_argument("--checkpoint", metavar="FILE", help="save checkpoints during training")
    group.add_argument("--checkpoint-every", type=positive, metavar="N", help="epochs between checkpoints (default: 1)")
    group.add_argument(
        "--resume",
        metavar="FILE",
        help="resume from a checkpoint, with the same arguments (--epochs may be larger), and keep writing to it; start from "
        "the beginning if there is no such file",
    )
    group.add_argument("--log", metavar="FILE", help="write a line of a CSV file for each epoch")
    add_machine(group)


def add_model_and_data(parser) -> None:
    """The arguments of the commands that use a saved model on data."""
    parser.add_argument("model", metavar="MODEL", help="a file of --save, --checkpoint or cmlp.save")
    parser.add_argument("data", metavar="DATA", help="what cmlp train takes; of a folder, the test images")
    parser.add_argument("--target", metavar="COLUMN", help="target column of a table (default: by its name)")
    add_reading(parser)
    parser.add_argument(
        "--ignore-extra-columns", action="store_true", help="ignore columns that the training data did not have"
    )
    add_threads(parser)
