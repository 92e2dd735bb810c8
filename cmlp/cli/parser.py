"""The commands, their arguments, and what becomes of errors."""

import argparse
import io
import os
import sys
import traceback

from cmlp.cli import arguments, prediction, training
from cmlp.cli.output import Output
from cmlp.cli.sources import UsageError
from cmlp.version import __version__

USAGE, FAILED, INTERRUPTED = 2, 1, 130

DESCRIPTION = """\
Multilayer perceptrons on a CPU. cmlp COMMAND --help describes a command."""

EXIT_CODES = """\
exit codes: 0 if all went well, 1 after an error, 2 for invalid arguments, 130 after
Ctrl-C. Errors are one line on standard error; --traceback shows where they come from."""

TRAIN_DESCRIPTION = """\
Train a network, and evaluate it on held-out samples.

DATA is a table (CSV, Parquet, Arrow; plain, gzip or Zstandard) or images. Columns of
text are one-hot encoded, dates become numbers, missing values are imputed and marked,
numbers are scaled; what each column becomes is printed, and under "missing cells" what
a missing value becomes, there or in later files: "filled with" a number, a category of
its own, or "as unseen", which is none of the categories. The task is classification
if the target holds text, booleans or at most 100 distinct integers (and each twice on
the average), else regression; --loss cross_entropy or --loss squared_error decides
otherwise. 8-bit images are divided by 255."""

TRAIN_EXAMPLES = """\
examples:
  cmlp train adult.csv --target income --save income.safetensors
  cmlp train houses.parquet --target price --drop id --patience 10
  cmlp train mnist/                               a folder with the four IDX files of MNIST
  zcat big.csv.gz | cmlp train - --target -1 --json > result.json
  cmlp train mnist/ --epochs 100 --resume run.ckpt --save digits.safetensors
                                                  the same command resumes it after a crash
"""

PREDICT_DESCRIPTION = """\
Predict with a saved model, row by row.

DATA is of any format that cmlp train takes. A table must have the columns of the
training data, in any order; the target column may be present. The predictions are
CSV with a header."""

EVALUATE_DESCRIPTION = """\
Evaluate a saved model: compare its predictions with the target in DATA, which is of
any format that cmlp train takes."""


class Parser(argparse.ArgumentParser):
    """Reports errors in one line."""

    def error(self, message):
        self.exit(USAGE, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="cmlp",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"cmlp {__version__}")
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (add_demo, add_train, add_predict, add_evaluate, add_export, add_info):
        command = add(sub)
        command.add_argument("--traceback", action="store_true", help="show where an error comes from")
    return top


def add_command(sub, name: str, run, help: str, description: str, epilog: str | None = None) -> argparse.ArgumentParser:
    command = sub.add_parser(
        name, help=help, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.set_defaults(run=run)
    return command


def add_demo(sub) -> argparse.ArgumentParser:
    demo = add_command(
        sub,
        "demo",
        training.demo,
        "train a digit classifier in seconds",
        "Train a network on the bundled handwritten digits, and evaluate it on a test split.",
    )
    arguments.add_run(demo, 30, "default: 30")
    return demo


def add_train(sub) -> argparse.ArgumentParser:
    train = add_command(
        sub, "train", training.train, "train on a table or on images", TRAIN_DESCRIPTION, f"{TRAIN_EXAMPLES}\n{EXIT_CODES}"
    )
    arguments.add_data(train.add_argument_group("data"))
    arguments.add_preprocessing(train.add_argument_group("preprocessing of tables"))
    arguments.add_network(train.add_argument_group("network"))
    arguments.add_training(train.add_argument_group("training"))
    arguments.add_files(train.add_argument_group("results"))
    return train


def add_predict(sub) -> argparse.ArgumentParser:
    predict = add_command(sub, "predict", prediction.predict, "predict with a saved model", PREDICT_DESCRIPTION)
    arguments.add_model_and_data(predict)
    predict.add_argument("--output", "-o", metavar="FILE", help="where to write the predictions (default: standard output)")
    predict.add_argument("--proba", action="store_true", help="predict the probability of each class, a column for each")
    predict.add_argument(
        "--outputs", action="store_true", help="predict every output of the network, such as all quantiles or the variance"
    )
    predict.set_defaults(labels=None)
    return predict


def add_evaluate(sub) -> argparse.ArgumentParser:
    evaluate = add_command(sub, "evaluate", prediction.evaluate, "evaluate a saved model", EVALUATE_DESCRIPTION)
    arguments.add_model_and_data(evaluate)
    evaluate.add_argument("--labels", metavar="FILE", help="labels of an IDX file (default: by its name) or a .npy file")
    arguments.add_machine(evaluate)
    return evaluate


def add_export(sub) -> argparse.ArgumentParser:
    export = add_command(
        sub,
        "export",
        prediction.export,
        "export a saved model to another format",
        "Export a saved model to other formats. What a format cannot express is an error that gives the reason.",
    )
    export.add_argument("model", metavar="MODEL", help="a file of --save, --checkpoint or cmlp.save")
    export.add_argument("--onnx", metavar="FILE", help="an ONNX graph (needs cmlp[export])")
    export.add_argument(
        "--c", metavar="FILE", help="one C99 file with a function predict; a program if compiled with -DCMLP_MAIN"
    )
    export.add_argument("--torch", metavar="FILE", help="the state_dict of a PyTorch module (needs torch)")
    export.add_argument("--numpy", metavar="FILE", help="the parameters as NumPy arrays (.npz)")
    return export


def add_info(sub) -> argparse.ArgumentParser:
    info = add_command(
        sub,
        "info",
        prediction.info,
        "describe a model, or this installation",
        "Describe a saved model; without one, print the versions, compiler, BLAS and threads of this installation.",
    )
    info.add_argument("model", metavar="MODEL", nargs="?", help="a file of --save, --checkpoint or cmlp.save")
    return info


# --- running a command ------------------------------------------------------------------------------------------------------
def main(given: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 after an error, 2 for invalid arguments, 130 after Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # characters that the terminal cannot encode must not stop a training
        sys.stdout.reconfigure(errors="backslashreplace")
    options = None
    try:
        options = parsed(given)
        output = Output(getattr(options, "json", False))
        with output.redirected():
            options.run(options, output)
        print(end="", flush=True)
    except KeyboardInterrupt as interrupt:
        return report_error(interrupt.args[0] if interrupt.args else "interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader is gone: redirect, so that Python does not raise when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if getattr(options, "traceback", False):
            traceback.print_exc()
        return report(error)
    return 0


def parsed(given: list[str] | None) -> argparse.Namespace:
    """The options; those that are unknown are reported by their command."""
    top = parser()
    options, unknown = top.parse_known_args(given)
    if unknown:
        command = f"{top.prog} {options.command}"
        top.exit(USAGE, f"{command}: unrecognized arguments: {' '.join(' '.join(unknown).split())}; see {command} --help\n")
    return options


def report(error: Exception) -> int:
    """Report an error in one line; the exit code."""
    if isinstance(error, UsageError):
        return report_error(error, USAGE)
    if isinstance(error, OSError):
        return report_error(f"{error.filename}: {error.strerror}" if error.filename else error, FAILED)
    if isinstance(error, MemoryError):
        return report_error(f"not enough memory{f': {error}' if str(error) else ''}", FAILED)
    if isinstance(error, EXPECTED):
        return report_error(error, FAILED)
    kind = type(error).__name__
    return report_error(
        f"internal error, {kind}{f': {error}' if str(error) else ''}: this is a bug in cmlp; please report it with what "
        "--traceback shows",
        FAILED,
    )


EXPECTED = (ValueError, FloatingPointError, ImportError)  # what cmlp refuses; anything else is a mistake in it


def report_error(error, code: int) -> int:
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"cmlp: {text}", file=sys.stderr)
    return code
