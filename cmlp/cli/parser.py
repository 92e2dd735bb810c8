"""The commands of the command line and their arguments."""

import argparse
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from cmlp import activations, losses, norms, optimizers, validation
from cmlp.cli import applying, training
from cmlp.cli.data import TEST_FRACTION, UsageError
from cmlp.version import __version__

USAGE, FAILED, INTERRUPTED = 2, 1, 130

TRAIN_DESCRIPTION = """\
Train a network, and evaluate it on held-out samples.

Strings and a few distinct integers are classes (classification), other numbers
are values (regression); --loss cross_entropy makes classes of integers, --loss
squared_error makes values of them. The inputs of a CSV file, and regression
targets, are standardized; 8-bit images are divided by 255."""

TRAIN_EXAMPLES = """examples:
  cmlp train mnist/                               the folder with MNIST's four IDX files
  cmlp train digits.csv --target label            a column of integers or strings: classification
  cmlp train houses.csv --target price --loss squared_error --hidden 64,64
  cmlp train mnist/ --epochs 100 --checkpoint run.ckpt --save digits.safetensors
  cmlp train mnist/ --epochs 100 --resume run.ckpt --save digits.safetensors      after it was killed
"""

PREDICT_DESCRIPTION = """\
Predict with a saved model, row by row.

DATA is a CSV file, - for CSV on standard input, an IDX file of images, or a
NumPy array (.npy). The columns of a CSV file must have the names that they had in
training, in the same order; the column of the target may be there too. The
predictions are CSV with a header."""

EVALUATE_DESCRIPTION = """\
Compare the predictions of a saved model with the target in DATA: a CSV file,
an IDX file of images, or a NumPy array (.npy)."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(USAGE, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


def argument(read: Callable[[str], Any], accept: Callable[[Any], bool], what: str) -> Callable[[str], Any]:
    """A type for argparse: what `read` makes of the text, if it is acceptable."""

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
        description="Describe a saved model; without one, print version, compiler, BLAS, ... of this installation.",
    )
    info.add_argument("model", metavar="MODEL", nargs="?", help="a file that --save, --checkpoint or cmlp.save has written")
    info.set_defaults(run=applying.info)
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
        "data", metavar="DATA", help="a CSV file, an IDX file of images, a .npy file, or a folder of MNIST's four files"
    )
    add_header(data)
    data.add_argument(
        "--target",
        metavar="COLUMN",
        help="of a CSV file: name, or index from 0, or from -1 backwards (default: the column label, else the first)",
    )
    data.add_argument(
        "--labels", metavar="FILE", help="of an IDX file (default: its name with labels-idx1 for images-idx3) or a .npy file"
    )
    test = data.add_mutually_exclusive_group()
    test.add_argument("--test", metavar="DATA", help="a second file like the first, to test on")
    test.add_argument(
        "--test-fraction",
        type=fraction,
        metavar="F",
        help=f"share of the samples held out to test on (default: {TEST_FRACTION})",
    )
    data.add_argument("--test-labels", metavar="FILE", help="of the IDX file to test on")
    net = train.add_argument_group("network")
    functions = [name for name, kind in activations.BY_NAME.items() if kind.hidden]
    net.add_argument("--hidden", type=widths, default=[128], metavar="128,64", help='widths; "" for none (default: 128)')
    net.add_argument("--activation", choices=functions, default="relu", help="of the hidden layers (default: relu)")
    net.add_argument("--output", choices=functions, help="output function, where the loss leaves it free (default: identity)")
    net.add_argument("--loss", choices=list(losses.BY_NAME), help="default: by the target, see above")
    net.add_argument("--norm", choices=list(norms.BY_NAME), help="of the hidden layers (default: none)")
    net.add_argument("--dropout", type=share, default=0.0, metavar="RATE", help="of the hidden layers (default: 0)")
    net.add_argument("--residual", type=int, choices=[0, 1, 2], default=0, help="layers in a residual block (default: 0, none)")
    net.add_argument("--dtype", choices=["float32", "float64"], default="float32", help="default: float32")
    how = train.add_argument_group("training")
    how.add_argument(
        "--optimizer",
        choices=[name for name, kind in optimizers.BY_NAME.items() if issubclass(kind, optimizers.Optimizer)],
        default="adam",
        help="default: adam",
    )
    how.add_argument("--learning-rate", type=rate, metavar="RATE", help="default: the optimizer's own")
    how.add_argument("--batch-size", type=positive, default=128, metavar="N", help="samples in a mini-batch (default: 128)")
    add_run_arguments(how, epochs=10)
    kept = train.add_argument_group("files")
    kept.add_argument("--save", metavar="FILE", help="write the trained model there")
    kept.add_argument("--checkpoint", metavar="FILE", help="write a checkpoint of the training there while it runs")
    kept.add_argument("--checkpoint-every", type=positive, metavar="N", help="epochs (default: 1)")
    kept.add_argument(
        "--resume", metavar="FILE", help="resume the training there, given the same arguments and perhaps more --epochs"
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
    predict.add_argument("--proba", action="store_true", help="the probability of each class, in a column with its name")
    predict.add_argument("--outputs", action="store_true", help="every output of the network: all quantiles, variances, ...")
    predict.set_defaults(run=applying.predict, labels=None)


def add_evaluate(sub) -> None:
    evaluate = sub.add_parser(
        "evaluate",
        help="evaluate a saved model",
        description=EVALUATE_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_and_data(evaluate)
    evaluate.add_argument("--labels", metavar="FILE", help="of an IDX file (default: by its name) or of a NumPy array")
    evaluate.set_defaults(run=applying.evaluate)


def add_model_and_data(parser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a file that --save, --checkpoint or cmlp.save has written")
    parser.add_argument("data", metavar="DATA", help="a CSV file, - for standard input, an IDX file or a .npy file")
    parser.add_argument("--target", metavar="COLUMN", help="of a CSV file: the column of the target (default: by its name)")
    add_header(parser)
    parser.add_argument("--threads", type=threads, metavar="N", help="at most this many (default: all that there are)")


def add_header(group) -> None:
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="the first row of a CSV file holds names (default: if it holds strings)",
    )


def add_export(sub) -> None:
    export = sub.add_parser(
        "export",
        help="export a saved model to another format",
        description="Export a saved model to other formats. What a format cannot express is refused with the reason.",
    )
    export.add_argument("model", metavar="MODEL", help="a file that --save, --checkpoint or cmlp.save has written")
    export.add_argument("--onnx", metavar="FILE", help="an ONNX graph (needs cmlp[export])")
    export.add_argument("--c", metavar="FILE", help="one file of C99 with a function predict; a program with -DCMLP_MAIN")
    export.add_argument("--torch", metavar="FILE", help="the state_dict of a module of PyTorch (needs torch)")
    export.add_argument("--numpy", metavar="FILE", help="the arrays of the network's parameters (.npz)")
    export.set_defaults(run=applying.export)


def add_run_arguments(group, epochs: int) -> None:
    group.add_argument(
        "--epochs", type=positive, default=epochs, metavar="N", help=f"passes over all samples (default: {epochs})"
    )
    group.add_argument("--seed", type=seed, default=0, metavar="N", help="of all random numbers (default: 0)")
    group.add_argument("--threads", type=threads, metavar="N", help="at most this many (default: all that the process may use)")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 for failed work, 2 for bad usage, 130 after Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal cannot show must not stop a training
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = parser().parse_args(arguments)
        options.run(options)
        print(end="", flush=True)
    except UsageError as error:
        return complain(error, USAGE)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has left; so that Python does not complain when it closes it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return complain(f"{error.filename}: {error.strerror}" if error.filename else error, FAILED)
    except (ValueError, TypeError, ArithmeticError, MemoryError, ImportError, RuntimeError) as error:
        return complain(error, FAILED)
    return 0


def complain(error, code: int) -> int:
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"cmlp: {text}", file=sys.stderr)
    return code
