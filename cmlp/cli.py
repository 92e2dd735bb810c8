"""The command line: ``cmlp demo``, ``cmlp train``, ``cmlp info``. What the commands do is in `cmlp.commands`."""

import argparse
import os
import sys

import cmlp
from cmlp import commands, optimizers, registry

USAGE, FAILED, INTERRUPTED = 2, 1, 130

TRAIN_EXAMPLES = """examples:
  cmlp train mnist/                               the folder with MNIST's four IDX files
  cmlp train digits.csv --target label            a column of whole numbers or text: classes
  cmlp train houses.csv --target price --loss squared_error --hidden 64,64
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def widths(text: str) -> list[int]:
    """128,64: two hidden layers; an empty text: none."""
    return [positive(width) for width in text.split(",")] if text else []


def fraction(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise ValueError
    return value


def rate(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError
    return value


positive.__name__, widths.__name__ = "whole number above 0", "list of widths such as 128,64"
fraction.__name__, rate.__name__ = "fraction between 0 and 1", "finite number, at least 0"


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="cmlp", description="Multilayer perceptrons on a CPU.")
    top.add_argument("--version", action="version", version=f"cmlp {cmlp.__version__}")
    sub = top.add_subparsers(dest="command", required=True, metavar="{demo,train,info}")
    add_demo(sub)
    add_train(sub)
    info = sub.add_parser("info", help="what this installation consists of", description="Print version, compiler, BLAS, ...")
    info.set_defaults(run=commands.info)
    return top


def add_demo(sub) -> None:
    demo = sub.add_parser(
        "demo",
        help="train a digit classifier in seconds",
        description="Train a network on the bundled handwritten digits, and show how well it reads those it has not seen.",
    )
    demo.add_argument("--epochs", type=positive, default=30)
    demo.add_argument("--seed", type=int, default=0)
    demo.add_argument("--threads", type=positive, help="at most this many (default: all that the process may use)")
    demo.set_defaults(run=commands.demo)


def add_train(sub) -> None:
    train = sub.add_parser(
        "train",
        help="train on a CSV file or on IDX files",
        description="Train a network and test it on samples kept apart. Inputs of a CSV file are brought to mean 0 and "
        "standard deviation 1, and so is the target of a regression; 8-bit images are divided by 255.",
        epilog=TRAIN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = train.add_argument_group("data")
    data.add_argument("data", metavar="DATA", help="a CSV file, an IDX file of images, or a folder of MNIST's four files")
    data.add_argument("--target", metavar="COLUMN", help="of a CSV file: name, or number from 0 (default: label, or the first)")
    data.add_argument("--labels", metavar="FILE", help="of an IDX file (default: its name with labels-idx1 for images-idx3)")
    test = data.add_mutually_exclusive_group()
    test.add_argument("--test", metavar="DATA", help="a second file like the first, to test on")
    test.add_argument("--test-fraction", type=fraction, default=0.2, metavar="F", help="kept apart to test on (default: 0.2)")
    data.add_argument("--test-labels", metavar="FILE")
    net = train.add_argument_group("network")
    hidden_activations = [name for name, info in registry.activations.items() if not info.output_only]
    net.add_argument("--hidden", type=widths, default=[128], metavar="128,64", help='widths; "" for none (default: 128)')
    net.add_argument("--activation", choices=hidden_activations, default="relu")
    net.add_argument("--output", choices=list(registry.activations), help="output function, where the loss leaves it free")
    net.add_argument("--loss", choices=list(registry.losses), help="default: by what the target holds")
    net.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    how = train.add_argument_group("training")
    how.add_argument("--optimizer", choices=list(optimizers.BY_NAME), default="adam")
    how.add_argument("--learning-rate", type=rate, help="default: the optimizer's own")
    how.add_argument("--batch-size", type=positive, default=128)
    how.add_argument("--epochs", type=positive, default=10)
    how.add_argument("--seed", type=int, default=0)
    how.add_argument("--threads", type=positive, help="at most this many (default: all that the process may use)")
    train.set_defaults(run=commands.train)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 for failed work, 2 for bad usage, 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except commands.UsageError as error:
        return complain(error, USAGE)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has left; so that Python does not complain when it closes it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (OSError, ValueError, TypeError, ArithmeticError, MemoryError) as error:
        return complain(error, FAILED)
    return 0


def complain(error, code: int) -> int:
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"cmlp: {text}", file=sys.stderr)
    return code
