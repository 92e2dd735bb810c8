"""The commands and their arguments."""

import argparse
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from cmlp import activations, losses, norms, optimizers, validation
from cmlp.cli import prediction, training
from cmlp.cli.data import TEST_FRACTION, UsageError
from cmlp.version import __version__

USAGE, FAILED, INTERRUPTED = 2, 1, 130

TRAIN_DESCRIPTION = """\
Train a network, and evaluate it on held-out samples.

The task is classification if the target holds strings or a few distinct
integers, else regression; --loss cross_entropy or --loss squared_error decides
otherwise. The inputs of a CSV file and regression targets are standardized;
8-bit images are divided by 255."""

TRAIN_EXAMPLES = """examples:
  cmlp train mnist/                               a folder with the four IDX files of MNIST
  cmlp train digits.csv --target label            a column of integers or strings: classification
  cmlp train houses.csv --target price --loss squared_error --hidden 64,64
  cmlp train mnist/ --epochs 100 --checkpoint run.ckpt --save digits.safetensors
  cmlp train mnist/ --epochs 100 --resume run.ckpt --save digits.safetensors      resume it
"""

PREDICT_DESCRIPTION = """\
Predict with a saved model, row by row.

DATA is a CSV file, - for CSV on standard input, an IDX file of images, or a
NumPy array (.npy). A CSV file must have the columns of the training data, in the
same order; the target column may be present. The predictions are CSV with a
header."""

EVALUATE_DESCRIPTION = """\
Evaluate a saved model: compare its predictions with the target in DATA, a CSV
file, an IDX file of images, or a NumPy array (.npy)."""


class Parser(argparse.ArgumentParser):
    """Reports errors in one line."""

    def error(self, message):
        self.exit(USAGE, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


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
rate = argument(float, lambda value: 0 <= value < float("inf"), "a finite number >= 0")


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="cmlp", description="Multilayer perceptrons on a CPU.")
    top.add_argument("--version", action="version", version=f"cmlp {__version__}")
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_demo(sub)
    add_train(sub)
    add_predict(sub)
    add_evaluate(sub)
    add_export(sub)
    info = sub.add_parser(
        "info",
        help="describe a model, or this installation",
        description="Describe a saved model; without one, print the versions, compiler, BLAS and threads of this installation.",
    )
    info.add_argument("model", metavar="MODEL", nargs="?", help="a file of --save, --checkpoint or cmlp.save")
    info.set_defaults(run=prediction.info)
    return top


def add_demo(sub) -> None:
    demo = sub.add_parser(
        "demo",
        help="train a digit classifier in seconds",
        description="Train a network on the bundled handwritten digits, and evaluate it on a test split.",
    )
    add_run_arguments(demo, epochs=30)
    demo.set_defaults(run=training.demo)


def add_train(sub) -> None:
    train = sub.add_parser(
        "train",
        help="train on a CSV file or on IDX files",
        description=TRAIN_DESCRIPTION,
        epilog=TRAIN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = train.add_argument_group("data")
    data.add_argument(
        "data", metavar="DATA", help="a CSV file, an IDX file of images, a .npy file, or a folder with the four files of MNIST"
    )
    add_header(data)
    data.add_argument(
        "--target",
        metavar="COLUMN",
        help="target column of a CSV file: name or index, -1 is the last (default: the column label, else the first)",
    )
    data.add_argument(
        "--labels",
        metavar="FILE",
        help="labels of an IDX file (default: its name with labels-idx1 for images-idx3) or a .npy file",
    )
    test = data.add_mutually_exclusive_group()
    test.add_argument("--test", metavar="DATA", help="test set: a file of the same format")
    test.add_argument(
        "--test-fraction",
        type=fraction,
        metavar="F",
        help=f"fraction of the samples held out for testing (default: {TEST_FRACTION})",
    )
    data.add_argument("--test-labels", metavar="FILE", help="labels of the test set, for IDX and .npy files")
    net = train.add_argument_group("network")
    functions = [name for name, kind in activations.BY_NAME.items() if kind.hidden]
    net.add_argument(
        "--hidden", type=widths, default=[128], metavar="128,64", help='units of the hidden layers; "" for none (default: 128)'
    )
    net.add_argument("--activation", choices=functions, default="relu", help="activation of the hidden layers (default: relu)")
    net.add_argument("--output", choices=functions, help="output function, where the loss leaves it free (default: identity)")
    net.add_argument("--loss", choices=list(losses.BY_NAME), help="loss function (default: by the target, see above)")
    net.add_argument("--norm", choices=list(norms.BY_NAME), help="normalization in the hidden layers (default: none)")
    net.add_argument(
        "--dropout", type=share, default=0.0, metavar="P", help="dropout probability in the hidden layers (default: 0)"
    )
    net.add_argument("--residual", type=int, choices=[0, 1, 2], default=0, help="layers per residual block (default: 0, none)")
    net.add_argument("--dtype", choices=["float32", "float64"], default="float32", help="precision (default: float32)")
    how = train.add_argument_group("training")
    how.add_argument(
        "--optimizer",
        choices=[name for name, kind in optimizers.BY_NAME.items() if issubclass(kind, optimizers.Optimizer)],
        default="adam",
        help="optimizer (default: adam)",
    )
    how.add_argument("--learning-rate", type=rate, metavar="RATE", help="learning rate (default: that of the optimizer)")
    how.add_argument("--batch-size", type=positive, default=128, metavar="N", help="mini-batch size (default: 128)")
    add_run_arguments(how, epochs=10)
    kept = train.add_argument_group("files")
    kept.add_argument("--save", metavar="FILE", help="save the trained model")
    kept.add_argument("--checkpoint", metavar="FILE", help="save checkpoints during training")
    kept.add_argument("--checkpoint-every", type=positive, metavar="N", help="epochs between checkpoints (default: 1)")
    kept.add_argument(
        "--resume", metavar="FILE", help="resume from a checkpoint, with the same arguments; --epochs may be larger"
    )
    train.set_defaults(run=training.train)


def add_predict(sub) -> None:
    predict = sub.add_parser(
        "predict",
        help="predict with a saved model",
        description=PREDICT_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_and_data(predict)
    predict.add_argument("--output", "-o", metavar="FILE", help="where to write the predictions (default: standard output)")
    predict.add_argument("--proba", action="store_true", help="predict the probability of each class, a column for each")
    predict.add_argument(
        "--outputs", action="store_true", help="predict every output of the network, such as all quantiles or the variance"
    )
    predict.set_defaults(run=prediction.predict, labels=None)


def add_evaluate(sub) -> None:
    evaluate = sub.add_parser(
        "evaluate",
        help="evaluate a saved model",
        description=EVALUATE_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_and_data(evaluate)
    evaluate.add_argument("--labels", metavar="FILE", help="labels of an IDX file (default: by its name) or a .npy file")
    evaluate.set_defaults(run=prediction.evaluate)


def add_model_and_data(parser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a file of --save, --checkpoint or cmlp.save")
    parser.add_argument("data", metavar="DATA", help="a CSV file, - for standard input, an IDX file or a .npy file")
    parser.add_argument("--target", metavar="COLUMN", help="target column of a CSV file (default: by its name)")
    add_header(parser)
    parser.add_argument("--threads", type=threads, metavar="N", help="maximum number of threads (default: all)")


def add_header(group) -> None:
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first row of a CSV file holds column names (default: if it holds strings)",
    )


def add_export(sub) -> None:
    export = sub.add_parser(
        "export",
        help="export a saved model to another format",
        description="Export a saved model to other formats. What a format cannot express is an error that gives the reason.",
    )
    export.add_argument("model", metavar="MODEL", help="a file of --save, --checkpoint or cmlp.save")
    export.add_argument("--onnx", metavar="FILE", help="an ONNX graph (needs cmlp[export])")
    export.add_argument(
        "--c", metavar="FILE", help="one C99 file with a function predict; a program if compiled with -DCMLP_MAIN"
    )
    export.add_argument("--torch", metavar="FILE", help="the state_dict of a PyTorch module (needs torch)")
    export.add_argument("--numpy", metavar="FILE", help="the parameters as NumPy arrays (.npz)")
    export.set_defaults(run=prediction.export)


def add_run_arguments(group, epochs: int) -> None:
    group.add_argument(
        "--epochs", type=positive, default=epochs, metavar="N", help=f"passes over the training set (default: {epochs})"
    )
    group.add_argument("--seed", type=seed, default=0, metavar="N", help="random seed (default: 0)")
    group.add_argument("--threads", type=threads, metavar="N", help="maximum number of threads (default: all)")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 after an error, 2 for invalid arguments, 130 after Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # characters that the terminal cannot encode must not stop a training
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = parser().parse_args(arguments)
        options.run(options)
        print(end="", flush=True)
    except UsageError as error:
        return report_error(error, USAGE)
    except KeyboardInterrupt:
        return report_error("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader is gone: redirect, so that Python does not raise when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return report_error(f"{error.filename}: {error.strerror}" if error.filename else error, FAILED)
    except (ValueError, TypeError, ArithmeticError, MemoryError, ImportError, RuntimeError) as error:
        return report_error(error, FAILED)
    return 0


def report_error(error, code: int) -> int:
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"cmlp: {text}", file=sys.stderr)
    return code
