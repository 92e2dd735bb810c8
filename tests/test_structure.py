"""What the architecture promises: who imports whom, and that every registered name is documented."""

import ast
import doctest
import functools
import importlib
import pkgutil
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from common import IN_PLACE, run_python

import cmlp
from cmlp import _core, _products, layers, validation
from cmlp.runtime import registry

PACKAGE = Path(cmlp.__file__).parent
DOCS = Path(__file__).parents[1] / "docs"
MODULES = [info.name for info in pkgutil.walk_packages([str(PACKAGE)], "cmlp.")]
PYTHON_MODULES = [name for name in MODULES if not name.rpartition(".")[2].startswith("_")]

# module: the modules of cmlp that it may import, besides those that anyone may
ANYONE = {"validation", "layers"}
MAY_IMPORT = {
    "callbacks": {"files", "persistence"},  # the latter when asked for
    "files": set(),
    "persistence": {
        *("architecture", "callbacks", "columns", "estimators", "files", "initializers", "lbfgs", "losses", "model"),
        *("network", "norms", "optimizers", "rules", "schedules", "snapshot", "training"),
    },
    "snapshot": {"callbacks", "memory", "network", "training"},
    "architecture": {"initializers", "losses", "norms", "registry"},
    "__main__": {"cli"},
    "cli": {"commands", "optimizers", "registry"},
    "memory": {"_core"},
    "commands": {
        *("callbacks", "columns", "config", "convert", "datasets", "files", "losses", "model", "network", "optimizers"),
        *("persistence", "progress", "scores", "targets"),
    },
    "columns": set(),
    "convert": {"columns", "files", "losses", "model", "network", "norms", "targets", "version"},
    "model": {"columns", "losses", "network", "samples", "targets"},
    "config": {"_core", "threads"},
    "datasets": set(),
    "estimators": {
        "callbacks",
        "columns",
        "losses",
        "model",
        "network",
        "training",
        "optimizers",
        "registry",
        "rules",
        "schedules",
        "targets",
        "version",
    },
    "engines": {"_core", "architecture", "losses", "threads"},
    "initializers": set(),
    "inspection": {
        *("_core", "_kernels", "_samples", "callbacks", "engines", "model", "optimizers", "samples", "scores", "trace"),
        "training",
    },
    "layers": set(),
    "learner": {"callbacks", "fitting", "memory", "optimizers", "registry", "rules", "schedules", "training"},
    "lbfgs": {"optimizers", "pace", "rules", "stopping", "threads", "training"},
    "losses": {"registry"},
    "fitting": {
        *(
            "callbacks",
            "lbfgs",
            "optimizers",
            "progress",
            "rules",
            "samples",
            "schedules",
            "scores",
            "stopping",
            "targets",
            "training",
        ),
    },
    "network": {
        *("_core", "architecture", "engines", "initializers", "layers", "learner", "losses", "memory", "norms", "samples"),
        *("scores", "summary", "targets", "threads", "trace", "training", "version"),
    },
    "norms": set(),
    "optimizers": {"registry", "schedules"},
    "pace": set(),
    "profile": {"_core"},
    "progress": {"training"},
    "reference": set(),
    "registry": {"_core"},
    "rules": {"schedules"},
    "samples": {"_samples", "targets"},
    "schedules": set(),
    "scores": {"targets"},
    "stopping": {"schedules"},
    "summary": set(),
    "targets": {"losses", "registry"},
    "threads": {"_core"},
    "trace": {"engines"},
    "version": set(),
    "training": {"pace", "profile", "schedules", "stopping", "threads"},
    "validation": {"registry"},
}


NEED = {
    "cmlp.estimators": ["sklearn"],
    "cmlp.convert.onnx_graph": ["onnx", "onnxruntime"],
    "cmlp.convert.torch": ["torch"],
    "cmlp.convert.scikit_learn": ["sklearn"],
}


@functools.cache
def imported_by(path):
    """The top modules of cmlp that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "cmlp":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("cmlp."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("cmlp.")}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_plan(path):
    owner = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if owner == "__init__":
        return
    allowed = (
        MAY_IMPORT[owner]
        | ANYONE
        | {owner}
        | set(cmlp.__all__) - {"convert", "datasets", "inspection", "reference", "registry", "initializers"}
    )
    unknown = {name for name in imported_by(path) if name not in allowed and not name[0].isupper() and name != "__version__"}
    assert not unknown


def test_no_module_imports_the_reference():
    users = [path for path in PACKAGE.rglob("*.py") if "reference" in imported_by(path) and path.parent.name != "reference"]
    assert users == []


def test_the_layer_table_is_the_struct_of_the_core():
    net = cmlp.Network([3, 4, 2], activation="leaky_relu")
    engine = _core.Engine(*net.tables, net.loss_function, 10, "float32")
    assert engine.layers.dtype == layers.LAYER
    assert engine.params.dtype == layers.PARAM
    assert engine.layers["fan_in"].tolist() == [3, 4]
    assert engine.layers["parameter"].tolist() == [0.01, 0.0]
    starts = np.concatenate([engine.layers[name] for name in ("A", "dZ")])
    assert (starts % 16 == 0).all(), "every block of the work space starts on a cache line"
    assert len(set(starts)) == 4


@pytest.mark.parametrize("kind", ["activations", "norms", "losses", "optimizers"])
def test_every_registered_name_is_documented(kind):
    if not DOCS.exists():
        pytest.skip("the documentation is not beside these tests")
    text = (DOCS / "equations.rst").read_text()
    missing = [name for name in getattr(registry, kind) if f"``{name}``" not in text]
    assert missing == []


def test_the_sources_alone_say_what_to_do(tmp_path):
    for path in PACKAGE.rglob("*.py"):
        copy = tmp_path / "cmlp" / path.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    done = run_python("-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import cmlp")
    assert done.returncode == 1
    assert "pip install" in done.stderr


def test_importing_cmlp_loads_none_of_the_extras():
    code = (
        "import sys, cmlp; print([m for m in ('sklearn', 'matplotlib', 'tqdm', 'pandas', 'onnx', 'torch') if m in sys.modules])"
    )
    done = run_python("-c", code)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", PYTHON_MODULES)
def test_the_examples_of_the_docstrings_run(name):
    if name == "cmlp.__main__":
        return
    for beginning, needed in NEED.items():
        for library in needed if name.startswith(beginning) else ():
            pytest.importorskip(library, reason=f"{library} is not installed")
    if name.startswith("cmlp.inspection.displays"):
        pytest.importorskip("matplotlib", reason="cmlp[plot] is not installed")
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def test_sizes_are_compared_with_the_int_of_blas():
    assert _products.largest_size == validation.LARGEST_SIZE


@pytest.mark.skipif(IN_PLACE, reason="cmlp is compiled beside its sources: there is no installed package to look into")
def test_no_sources_in_the_installed_package():
    kinds = {path.suffix for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert kinds <= {".py", ".pyi", ".so", ".pyd", ".typed", ".gz", ".md"}
