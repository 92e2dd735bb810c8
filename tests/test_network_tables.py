"""Networks on tables: data frames by name, and arrays of objects."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import cmlp

N = 60


def test_a_network_takes_frames_by_name(tmp_path):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"x": rng.normal(size=N), "b": rng.random(N) < 0.5, "n": pd.array(rng.integers(0, 5, N), dtype="Int64")}
    )
    matrix, y = table.to_numpy(float), np.arange(N) % 2
    net, other = (cmlp.Network([3, 4, 2], seed=1) for _ in range(2))
    net.fit(table, y, validation_data=(table[["n", "x", "b"]], y))
    other.fit(matrix, y, validation_data=(matrix, y))
    assert_array_equal(net.theta, other.theta)
    assert net.history.val_loss == other.history.val_loss
    assert net.feature_names == ["x", "b", "n"]
    assert other.feature_names is None
    cmlp.save(net, tmp_path / "net")
    for each in (net, net.copy(), cmlp.load(tmp_path / "net")):
        assert_array_equal(each.logits(table[["n", "b", "x"]]), other.logits(matrix))
        with pytest.raises(ValueError, match="missing: 'b'"):
            each.predict(table[["x", "n"]])
    with pytest.raises(ValueError, match=r"column 'x'.*'from_dtype'.*Columns"):
        cmlp.Network([3, 4, 2]).fit(table.assign(x="a"), y)
    with pytest.raises(ValueError, match="column 'n' must not be missing, got NaN in row 3"):
        net.predict(table.assign(n=[None if k == 3 else k for k in range(N)]))


def test_arrays_of_objects_are_tables_for_a_network_too():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(N, 3)), np.arange(N) % 2
    net = cmlp.Network([3, 4, 2], seed=1)
    net.fit(X, y)
    for given in (X.astype(object), X.astype(object).tolist(), np.ma.masked_array(X, mask=np.zeros((N, 3), bool))):
        assert_array_equal(net.predict(np.array(given, dtype=object) if isinstance(given, list) else given), net.predict(X))
    days = X[:, :1].astype("M8[D]"), X[:, :1].astype("M8[D]").astype("M8[ns]")
    one = cmlp.Network([1, 4, 2], seed=1)
    assert_array_equal(one.logits(days[0]), one.logits(days[1]))
    with pytest.raises(ValueError, match="column 0 must not be missing, got NaN in row 2"):
        net.predict(np.ma.masked_array(X, mask=np.arange(3 * N).reshape(N, 3) == 6))
