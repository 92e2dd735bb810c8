"""What the architecture promises: who imports whom, what is public, and that it is documented."""

import doctest
import importlib
import importlib.util
import pkgutil
import re
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

NEED = {
    "cmlp.estimators": ["sklearn"],
    "cmlp.convert.onnx_graph": ["onnx", "onnxruntime"],
    "cmlp.convert.torch": ["torch"],
    "cmlp.convert.scikit_learn": ["sklearn"],
}


# --- who imports whom ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def graph():
    """The module of the documentation that reads the imports."""
    if not (DOCS / "import_graph.py").exists():
        pytest.skip("the documentation is not beside these tests")
    spec = importlib.util.spec_from_file_location("import_graph", DOCS / "import_graph.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_room_has_a_floor(graph):
    named = [name for floor in graph.FLOORS for name in floor]
    assert len(named) == len(set(named))
    assert set(graph.rooms(PACKAGE)) == set(named)


def test_a_room_imports_from_lower_floors_alone(graph):
    floor = {name: level for level, names in enumerate(graph.FLOORS) for name in names}
    wrong = [
        f"{module} -> {target}"
        for module, targets in graph.graph(PACKAGE).items()
        for target in targets
        if graph.room(target) in floor
        and graph.room(module) != graph.room(target)
        and floor[graph.room(module)] <= floor[graph.room(target)]
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle(graph):
    assert graph.circle(graph.graph(PACKAGE)) == []


def test_only_the_runtime_imports_compiled_modules(graph):
    compiled = {path.name.split(".")[0] for path in PACKAGE.iterdir() if path.suffix in (".so", ".pyd")}
    assert "_core" in compiled
    users = {name for name, targets in graph.graph(PACKAGE).items() if targets & compiled}
    assert {graph.room(name) for name in users} == {graph.COMPILED}


def test_the_graph_sees_every_kind_of_import(graph, tmp_path):
    sources = {
        "version.py": "def f():\n    from cmlp import network\n",
        "layers.py": "import importlib\nimportlib.import_module('cmlp.model')\n",
        "network.py": "import cmlp.model\n",
        "model.py": "from cmlp.layers import Layer\nfrom cmlp._core import Engine\n",
    }
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    found = graph.graph(tmp_path)
    assert found == {"version": {"network"}, "layers": {"model"}, "network": {"model"}, "model": {"layers", "_core"}}
    assert set(graph.circle(found)) == {"layers", "model"}


def test_no_module_imports_the_reference(graph):
    users = {name for name, targets in graph.rooms(PACKAGE).items() if "reference" in targets}
    assert users <= {"__init__"}


# --- the public face ----------------------------------------------------------------------------------------------------
def test_no_module_is_longer_than_400_lines():
    long = {path.name: n for path in PACKAGE.rglob("*.py") if (n := len(path.read_text().splitlines())) > 400}
    assert long == {}


def test_dir_shows_public_names_alone():
    assert dir(cmlp) == sorted(cmlp.__all__)
    assert all(hasattr(cmlp, name) for name in dir(cmlp) if name not in ("MLPClassifier", "MLPRegressor"))
    assert [name for name in dir(cmlp) if name.startswith("_")] == ["__version__"]


PUBLIC = {
    "cmlp": cmlp,
    "cmlp.activations": cmlp.activations,
    "cmlp.losses": cmlp.losses,
    "cmlp.schedules": cmlp.schedules,
    "cmlp.initializers": cmlp.initializers,
    "cmlp.callbacks": cmlp.callbacks,
    "cmlp.convert": cmlp.convert,
    "cmlp.inspection": cmlp.inspection,
    "cmlp.data": cmlp.data,
}
INTERNAL = {
    "__version__",
    "MeanVariance",
    "Domain",
    "Loss",
    "LossFunction",
    "Task",
    "Schedule",
    "InverseScaling",
    "Constant",
    "Initializer",
}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_in_the_reference_api(name):
    if not (DOCS / "api.rst").exists():
        pytest.skip("the documentation is not beside these tests")
    text = (DOCS / "api.rst").read_text()
    module = PUBLIC[name]
    names = getattr(module, "__all__", None) or [
        key for key, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__
    ]
    missing = [
        key
        for key in names
        if not key.isupper() and key not in INTERNAL and key != "resolve" and not re.search(rf"\b{key}\b", text)
    ]
    assert missing == []


NETWORK = {
    *(
        "activations",
        "astype",
        "classes",
        "copy",
        "cost",
        "dtype",
        "ema",
        "ema_network",
        "feature_names",
        "fit",
        "forward",
        "gradient",
        "history",
    ),
    *(
        "input_scale",
        "layers",
        "logits",
        "loss",
        "loss_function",
        "n_params",
        "n_targets",
        "predict",
        "predict_log_proba",
        "predict_proba",
        "reset",
    ),
    *("score", "seed", "shuffle_seed", "sizes", "step", "summary", "tables", "theta", "trace", "variables"),
}


def test_every_public_attribute_of_a_network_is_documented():
    net = cmlp.Network([2, 3, 2])
    net.fit(np.zeros((4, 2)), [0, 1, 0, 1], epochs=1)
    public = {name for name in {*dir(net), *vars(net)} if not name.startswith("_")}
    assert public == NETWORK
    described = cmlp.Network.__doc__ or ""
    methods = {name for name in public if callable(getattr(cmlp.Network, name, None))}
    assert [name for name in sorted(public - methods) if not re.search(rf"\b{name}\b", described)] == []
    assert [name for name in sorted(methods) if not getattr(cmlp.Network, name).__doc__] == []


# --- the core -----------------------------------------------------------------------------------------------------------
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
    without_editable = "sys.meta_path[:] = [finder for finder in sys.meta_path if '__editable__' not in repr(finder)]"
    done = run_python("-c", f"import sys; {without_editable}; sys.path.insert(0, {str(tmp_path)!r}); import cmlp")
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
