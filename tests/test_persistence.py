"""Saved networks: the same bits again, and no file that can do harm."""

import os
import subprocess
import sys

import numpy as np
import pytest
from common import run_python, seeds
from hostile import KILLED_AT, damaged, joined, parts, refused, signed, updated, updated_columns
from networks import random_network
from numpy.testing import assert_array_equal

import cmlp
from cmlp import DamagedFileError
from cmlp.persistence import files


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def trained(rng=None, **settings):
    rng = np.random.default_rng(0) if rng is None else rng
    net = cmlp.Network(**({"sizes": [3, 5, 4, 2], "norm": ["batch", None], "dtype": "float64"} | settings))
    X = rng.normal(size=(20, net.sizes[0]))
    net.fit(X, np.array(["no", "yes"])[rng.integers(0, 2, 20)], epochs=2, batch_size=8)
    return net, X


@pytest.mark.parametrize("seed", seeds(40, 10))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_networks(seed, dtype, path):
    rng = np.random.default_rng([seed, 9])
    net = cmlp.Network(**random_network(rng, dtype=dtype))
    for layer in net.layers:
        if layer.variance is not None:
            layer.variance[:] = rng.uniform(0.5, 2, len(layer.variance))
    cmlp.save(net, path)
    again = cmlp.load(path)
    X = rng.normal(size=(7, net.sizes[0]))
    assert_array_equal(again.variables, net.variables)
    assert_array_equal(again.forward(X), net.forward(X))
    assert again.summary() == net.summary()
    assert again.loss_function == net.loss_function
    assert again._architecture.norms == net._architecture.norms
    assert again.seed == net.seed


def test_training_goes_on(path):
    net, X = trained(dropout=0.3)
    cmlp.save(net, path)
    again, y = cmlp.load(path), net.predict(X)
    assert_array_equal(again.predict(X), y)
    net._optimizer_state = None
    net.fit(X, y, epochs=3)
    again.fit(X, y, epochs=3)
    assert_array_equal(again.variables, net.variables)


@pytest.mark.parametrize("labels", [["no", "yes"], [3, 7], [False, True], [0.5, 1.5], None])
def test_classes(labels, path):
    net = cmlp.Network([2, 2], classes=labels)
    cmlp.save(net, path)
    again = cmlp.load(path)
    assert (again.classes is None) == (labels is None)
    if labels is not None:
        assert again.classes.tolist() == net.classes.tolist()
        assert again.classes.dtype == net.classes.dtype


def test_any_reader_of_safetensors_sees_the_weights(path):
    safetensors = pytest.importorskip("safetensors.numpy")
    net, _ = trained()
    cmlp.save(net, path)
    read = safetensors.load_file(path)
    assert_array_equal(read["W0"], net.layers[0].W)
    assert_array_equal(read["variance0"], net.layers[0].variance)


@pytest.mark.parametrize("init", ["constant", cmlp.initializers.Normal(0.2), np.ones((2, 3))], ids=str)
def test_initialisers(init, path):
    net = cmlp.Network([2, 3], init=[init], bias_init=cmlp.initializers.Constant(0.5))
    cmlp.save(net, path)
    again = cmlp.load(path).reset(seed=7)
    if not isinstance(init, np.ndarray):
        assert_array_equal(again.theta, net.reset(seed=7).theta)
    assert (again.layers[0].b == 0.5).all()


def test_pipes_links_and_modes(tmp_path):
    """Only a regular file is replaced, and keeps its mode; a link stays one."""
    real, link = tmp_path / "real.st", tmp_path / "link.st"
    cmlp.save(cmlp.Network([1, 2]), real)
    real.chmod(0o600)
    link.symlink_to(real)
    cmlp.save(cmlp.Network([1, 3]), link)
    assert link.is_symlink()
    assert cmlp.load(real).sizes == [1, 3]
    assert real.stat().st_mode & 0o777 == 0o600
    if hasattr(os, "mkfifo"):
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        reader = subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE)
        cmlp.save(cmlp.Network([1, 3]), fifo)
        assert reader.communicate()[0] == real.read_bytes()
    with pytest.raises(FileNotFoundError) as caught:
        cmlp.save(cmlp.Network([1, 2]), tmp_path / "nowhere" / "net.st")
    assert caught.value.filename == str(tmp_path / "nowhere" / "net.st")


def test_what_cannot_be_saved(path):
    with pytest.raises(ValueError, match=r"loss.*function"):
        cmlp.save(cmlp.Network([2, 1], loss=lambda Z, Y: (Z[:, 0], Z)), path)
    net = cmlp.Network([2, 2], classes=np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"))
    with pytest.raises(ValueError, match=r"classes.*date"):
        cmlp.save(net, path)
    assert not path.exists()


# --- damaged files --------------------------------------------------------------------------------------------
def small(path):
    net = cmlp.Network([1, 1], loss="squared_error", classes=None)
    cmlp.save(net, path)
    return net, path.read_bytes()


def test_every_flip_of_a_byte(path):
    """Either the same network, or a refusal: never a crash, never another network."""
    net, content = small(path)
    rng = np.random.default_rng(0)
    same = 0
    for place in range(len(content)):
        for flip in (1, int(rng.integers(1, 256))):
            flipped = bytearray(content)
            flipped[place] ^= flip
            path.write_bytes(flipped)
            try:
                again = cmlp.load(path)
            except DamagedFileError:
                continue
            same += 1
            assert_array_equal(again.variables, net.variables)
            assert again.summary() == net.summary()
    assert same < 40


def test_every_truncation_and_anything_behind(path):
    _, content = small(path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedFileError):
            cmlp.load(path)
    path.write_bytes(content + b"\0")
    with refused(path, "byte"):
        cmlp.load(path)


def described(**changes):
    return updated("network", **changes)


def entry(name, **changes):
    def change(header, data):
        header[name] = header[name] | changes
        return signed(header, data)

    return change


def renamed(header, data):
    return signed({{"b0": "c0"}.get(name, name): value for name, value in header.items()}, data)


def another_tensor(header, data):
    return signed(header | {"c0": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}}, data + b"0000")


MALICIOUS = {
    "an unknown tensor": (another_tensor, "c0"),
    "a missing tensor": (renamed, r"b0.*float32.*\(1,\)"),
    "a header of 16 EB": (lambda h, d: b"\xff" * 8 + d, "header.*18,?446,?744,?073,?709,?551,?615"),
    "a header of 2 MB": (lambda h, d: (2 << 20).to_bytes(8, "little") + b" " * (2 << 20) + d, "2,?097,?152.*1,?048,?576"),
    "no JSON": (lambda h, d: joined(h, d, b"{'a': 1}"), "header.*JSON"),
    "no text": (lambda h, d: joined(h, d, b"\xff\xfe"), "header.*JSON"),
    "deep nesting": (lambda h, d: joined(h, d, b"[" * 500_000), "header.*JSON"),
    "a list": (lambda h, d: joined(h, d, b"[1]"), "header.*list"),
    "names twice": (lambda h, d: joined(h, d, b'{"W0": 1, "W0": 2}'), "header.*'W0'"),
    "nan": (lambda h, d: joined(h, d, b'{"W0": NaN}'), "header.*NaN"),
    "no metadata": (lambda h, d: joined({k: v for k, v in h.items() if k != "__metadata__"}, d), "__metadata__"),
    "another version": (lambda h, d: signed(h | {"__metadata__": h["__metadata__"] | {"version": "9"}}, d), "version.*'9'"),
    "a pickle": (lambda h, d: b"\x80\x04\x95" + d, "header.*1,?048,?576"),
    "an overlap": (entry("b0", data_offsets=[0, 4]), r"'b0'.*\[0, 4\).*4"),
    "a hole": (entry("b0", data_offsets=[8, 12]), r"'b0'.*\[8, 12\).*4"),
    "beyond the end": (entry("b0", shape=[1000], data_offsets=[4, 4004]), r"'b0'.*\[1000\].*\[4, 4004\).*8"),
    "a shape below 0": (entry("b0", shape=[-1]), r"'b0'.*\[-1\]"),
    "a shape of 2^80": (entry("b0", shape=[2**80]), f"'b0'.*{2**80}"),
    "a dtype of objects": (entry("b0", dtype="O"), "'b0'.*dtype.*F32.*F64"),
    "text for offsets": (entry("b0", data_offsets="ab"), "'b0'.*data_offsets"),
    "shapes that do not chain": (described(sizes=[1, 7, 1]), "activation.*1.*0"),
    "a huge layer": (described(sizes=[1, 2**31 - 1]), r"W0.*float32.*\(1, 2147483647\)"),
    "sizes of text": (described(sizes="11"), "sizes.*'11'"),
    "an unknown loss": (described(loss={"kind": "os.system", "fields": {}}), r"'os\.system'"),
    "arguments of a loss": (described(loss={"kind": "Huber", "fields": {"delta": "__import__('os')"}}), "delta.*__import__"),
    "an unknown function": (described(output=["eval", 0.0]), "activation.*'eval'"),
    "a scale of infinity": (described(input_scale=1e999), "header.*Infinity"),
    "a negative scale of nothing": (described(input_scale=0), "input_scale.*0"),
    "an unknown dtype": (described(dtype="object"), "dtype.*'object'"),
    "classes of a gigabyte": (described(classes=["V1000000000", ["a"]], task="classes"), "labels.*'V1000000000'"),
    "an unknown task": (described(task="exec"), "task.*'exec'"),
    "more parts": (described(hook="rm"), "network"),
    "a negative key": (described(shuffle_seed=-1), "shuffle_seed.*-1"),
    "labels of a syntax": (described(classes=["(2,f8", ["a", "b"]], task="classes"), r"labels.*'\(2,f8'"),
    "labels of gigabytes": (described(classes=["<U1024", [0] * 30_000], task="classes"), "labels.*'<U1024'.*122,?880,?000"),
    "an initialiser of numbers": (described(init=[5.0]), "5.0"),
    "a kind of file": (lambda h, d: signed(h | {"__metadata__": h["__metadata__"] | {"kind": "x"}}, d), "'x'"),
    "no numbers": (lambda h, d: signed(h, np.array([np.nan, 0], "<f4").tobytes()), "W0"),
}


@pytest.mark.parametrize("name", MALICIOUS)
def test_malicious_files(name, path):
    make, message = MALICIOUS[name]
    _, content = small(path)
    path.write_bytes(make(*parts(content)))
    with refused(path, message):
        cmlp.load(path)


# --- models -----------------------------------------------------------------------------------------------------------
def small_model(path):
    """A network with columns that are standardised and a target in other units."""
    columns = cmlp.data.Columns.fit({"a": [1.0, 3.0], "b": [2.0, 6.0]}, scale="standard")
    net = cmlp.Network([2, 1], loss="squared_error")
    model = cmlp.Model(net, columns, mean=np.array([5.0]), scale=np.array([2.0]), target="y")
    cmlp.save(model, path)
    return model


def section(**changes):
    return updated("model", **changes)


def columns(**changes):
    return updated_columns("model", **changes)


def number(name, value):
    """Another number in the place of a tensor's first."""

    def change(header, data):
        start = header[name]["data_offsets"][0]
        return signed(header, data[:start] + np.float64(value).tobytes() + data[start + 8 :])

    return change


def without(*names):
    def change(header, data):
        return signed({{name: name + "_" for name in names}.get(key, key): value for key, value in header.items()}, data)

    return change


MALICIOUS_MODELS = {
    "no model": (lambda h, d: signed(h | {"__metadata__": h["__metadata__"] | {"model": "[]"}}, d), "list"),
    "a target of numbers": (section(target=7), "columns, classes.*target"),
    "more parts": (section(hook="rm"), "columns, classes.*target"),
    "classes of a value": (section(classes=["<U1", ["a", "b", "c"]]), "classes.*2.*3"),
    "classes of objects": (section(classes=["object", [{"kind": "Popen", "fields": {}}, "b"]]), "'Popen'"),
    "no columns": (section(columns={}), "columns"),
    "columns of gigabytes": (columns(kinds="numeric" * 9), "kinds.*list of strings"),
    "columns of truths": (columns(kinds=[0.0, True]), "kinds.*list of strings"),
    "a column too many": (columns(kinds=["numeric"] * 3), "names.*3 strings"),
    "indices of text": (columns(ranked=["0", "1"]), "ranked.*'0'"),
    "categories of no column": (
        columns(categories=[{"levels": ["x"], "n_infrequent": 0, "handle_unknown": "ignore"}]),
        "categories for 0 columns.*1",
    ),
    "calendar of text": (columns(calendar="yes"), "calendar.*'yes'"),
    "dates with calendar": (columns(kinds=["date", "numeric"], calendar=True), r"center.*\(6,\)"),
    "extra columns": (columns(extra_columns="eval"), "extra_columns.*'eval'"),
    "one name": (columns(names="ab"), "names.*list"),
    "a scale of 0": (number("columns.scale", 0.0), r"columns\.scale"),
    "a center of nan": (number("columns.center", np.nan), r"columns\.center"),
    "a target's scale of infinity": (number("target.scale", np.inf), "target.*scale"),
    "no scale": (without("columns.scale"), "center.*scale|columns.scale"),
    "no mean of the target": (without("target.mean"), "mean.*scale.*target|target.mean"),
}


@pytest.mark.parametrize("name", MALICIOUS_MODELS)
def test_malicious_models(name, path):
    make, message = MALICIOUS_MODELS[name]
    small_model(path)
    path.write_bytes(make(*parts(path.read_bytes())))
    with refused(path, message):
        cmlp.load(path)


def test_flips_and_truncations_of_a_model(path):
    model = small_model(path)
    content, expected = path.read_bytes(), model.predict([[1.0, 2.0]])
    for given in damaged(content, np.random.default_rng(0), every=3):
        path.write_bytes(given)
        try:
            again = cmlp.load(path)
        except DamagedFileError:
            continue
        assert_array_equal(again.predict([[1.0, 2.0]]), expected)


def test_a_missing_file(path):
    with pytest.raises(FileNotFoundError):
        cmlp.load(path)


# --- writing --------------------------------------------------------------------------------------------------
def test_a_header_with_a_hundred_thousand_names(path):
    text = ("{" + ",".join(f'"{i:05x}":0' for i in range(80_000)) + ',"z":0,"z":1}').encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with refused(path, "header.*'z'"):
        cmlp.load(path)


def test_a_failed_write_leaves_the_old_file(path, monkeypatch):
    net, content = small(path)

    def fails(handle):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="no space left"):
        cmlp.save(net, path)
    assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_dead_processes_have_left_is_swept(path):
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    dead = path.with_name(f".{path.name}.{int(done.stdout)}-0123abcd.part")
    alive = path.with_name(f".{path.name}.{os.getppid()}.part")
    other = path.with_name(".other.1.part")
    path.with_name(f".{path.name}.{10**20}.part").write_bytes(b"no process of this system")
    for beginning in (dead, alive, other):
        beginning.write_bytes(b"half")
    small(path)
    assert not dead.exists()
    assert alive.exists()
    assert other.exists()


def test_names_with_special_characters(tmp_path):
    path = tmp_path / "a[1]*?.st"
    small(path)
    assert cmlp.load(path).sizes == [1, 1]


SAVES = (
    KILLED_AT
    + """
import cmlp

path, nets = sys.argv[1], [cmlp.Network([60, 300, 2], seed=seed) for seed in (1, 2)]
cmlp.save(nets[0], path)
found, moment, status = [0, 0], 0, 1
while status:
    moment += 1
    child = os.fork()
    if child == 0:
        killed_at(moment, in_calls_of="files.py")
        cmlp.save(nets[1], path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    is_of = [(cmlp.load(path).theta == net.theta).all() for net in nets]
    assert any(is_of), moment
    found[is_of.index(True)] += 1
    cmlp.save(nets[0], path)
assert min(found) > 5, found
print("whole")
"""
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_killed_while_saving(path):
    """The old file or the new one, at every moment."""
    done = run_python("-c", SAVES, path)
    assert done.stdout.strip() == "whole", done.stderr
    small(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_beginnings_of_names():
    assert files.glob_escaped("a*[b]?") == "a[*][[]b][?]"
