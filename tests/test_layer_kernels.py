"""Norms, masks and noise against their twins in the reference. Run for every instruction set by test_instruction_sets.py."""

import numpy as np
import pytest
from common import DTYPES, tolerance
from numpy.testing import assert_allclose, assert_array_equal

from cmlp import _kernels, reference
from cmlp.reference import norms
from cmlp.reference.random import words_for
from cmlp.runtime import registry

pytestmark = pytest.mark.instruction_sets
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_norm = pytest.mark.parametrize("name", registry.norms)
SHAPES = [(2, 1), (5, 3), (40, 16), (7, 63), (64, 64), (33, 65), (129, 200)]
EPS = 1e-5


def test_every_name_has_a_reference():
    assert list(norms.AXIS) == list(registry.norms)
    assert {name: axis == 0 for name, axis in norms.AXIS.items()} == {n: i.by_columns for n, i in registry.norms.items()}


def normalised(name, Z, scale, shift):
    """mean, variance, hat, N by the kernel."""
    n = Z.shape[1] if registry.norms[name].by_columns else len(Z)
    mean, variance = np.empty((2, 1, n), Z.dtype)
    hat, N = np.empty_like(Z), np.empty_like(Z)
    _kernels.norm_forward(name, Z, scale, shift, EPS, mean, variance, hat, N)
    return mean, variance, hat, N


@every_dtype
@every_norm
@pytest.mark.parametrize("shape", SHAPES)
def test_norm_forward(name, shape, dtype, rng):
    Z = rng.normal(3, 2, shape).astype(dtype)
    scale, shift = rng.normal(size=(2, 1, shape[1])).astype(dtype)
    mean, variance, hat, N = normalised(name, Z, scale, shift)
    expected = reference.norms.statistics(name, Z.astype("float64"))
    assert_allclose(mean.ravel(), expected[0].ravel(), **tolerance(dtype))
    assert_allclose(variance.ravel(), expected[1].ravel(), **tolerance(dtype, 3))
    expected_hat = norms.normalise(Z.astype("float64"), *expected, EPS)
    room = {"rtol": 0, "atol": {"float32": 3e-4, "float64": 1e-12}[dtype]} if shape[1] == 1 else tolerance(dtype, 20)
    assert_allclose(hat, expected_hat, **room)
    assert_allclose(N, scale * hat + shift, **tolerance(dtype, 5))
    kept = hat.copy()
    _kernels.norm_forward(name, Z, scale, shift, EPS, mean, variance, Z, N)
    assert_array_equal(Z, kept)


@every_dtype
def test_given_statistics(dtype, rng):
    Z, scale, shift = rng.normal(size=(9, 70)).astype(dtype), *rng.normal(size=(2, 1, 70)).astype(dtype)
    mean, variance = rng.normal(size=(1, 70)).astype(dtype), rng.uniform(0.5, 2, (1, 70)).astype(dtype)
    before = mean.copy(), variance.copy()
    hat, N = np.empty_like(Z), np.empty_like(Z)
    _kernels.norm_forward("batch", Z, scale, shift, EPS, mean, variance, hat, N, given=True)
    assert_array_equal((mean, variance), before)
    assert_allclose(hat, norms.normalise(Z, mean, variance, EPS), **tolerance(dtype, 5))
    dZ, dscale = np.empty_like(Z), np.empty_like(Z)
    _kernels.norm_backward("batch", Z, hat, scale, EPS, variance, dscale, dZ, given=True)
    assert_allclose(dZ, scale * Z / np.sqrt(variance + EPS), **tolerance(dtype, 5))


@every_dtype
@every_norm
@pytest.mark.parametrize("shape", SHAPES)
def test_norm_backward(name, shape, dtype, rng):
    Z, dN = rng.normal(size=(2, *shape)).astype(dtype)
    scale, shift = rng.normal(size=(2, 1, shape[1])).astype(dtype)
    _, variance, hat, _ = normalised(name, Z, scale, shift)
    dscale, dZ = np.empty_like(Z), np.empty_like(Z)
    _kernels.norm_backward(name, dN, hat, scale, EPS, variance, dscale, dZ)
    hat64, of = hat.astype("float64"), variance if registry.norms[name].by_columns else variance.T
    expected = norms.normalise_backward(name, scale.astype("float64") * dN, hat64, of.astype("float64"), EPS)
    room = 100 if shape[1] == 1 else 1
    assert_allclose(dZ, expected, rtol=tolerance(dtype, 100)["rtol"], atol=tolerance(dtype, 20 * room)["atol"])
    assert_array_equal(dscale, dN * hat)


@every_norm
def test_norm_backward_equals_differences(name, rng):
    Z, dN, direction = rng.normal(size=(3, 11, 5))
    scale, shift = rng.normal(size=(2, 1, 5))
    _, variance, hat, _ = normalised(name, Z, scale, shift)
    dscale, dZ = np.empty_like(Z), np.empty_like(Z)
    _kernels.norm_backward(name, dN, hat, scale, EPS, variance, dscale, dZ)
    h = 1e-6
    there, back = (normalised(name, Z + step * direction, scale, shift)[3] for step in (h, -h))
    assert_allclose((dZ * direction).sum(), (dN * (there - back)).sum() / (2 * h), rtol=1e-6)


# --- masks and noise ------------------------------------------------------------------------------------------
@every_dtype
@pytest.mark.parametrize("rate", [0, 0.1, 0.5, 0.93, 0.999999999])
@pytest.mark.parametrize("width", [1, 15, 16, 17, 100])
def test_masks(rate, width, dtype):
    mask = np.full((6, width), np.nan, dtype)
    _kernels.dropout_mask(mask, rate, 2**63 - 5, 3, 77)
    draw = reference.Draw(2**63 - 5, 77)
    assert_allclose(mask, reference.dropout_mask(draw, 3, (6, width), rate), rtol=1e-7)


@every_dtype
def test_a_draw_on_the_border_is_kept(dtype):
    """A unit is dropped where its 16 bits are below 65536 rate, not where they are equal."""
    draw = reference.Draw(8, 77)
    bits = words_for(draw, 3, draw.purpose, 1, 1).view("<u2")[0]
    for unit in range(16):
        mask = np.empty((1, 16), dtype)
        _kernels.dropout_mask(mask, bits[unit] / 65536, 8, 3, 77)
        assert_array_equal(mask[0] > 0, bits >= bits[unit])


@every_dtype
def test_a_mask_does_not_depend_on_its_tile(dtype):
    whole = np.empty((20, 90), dtype)
    _kernels.dropout_mask(whole, 0.3, 1, 2, 3)
    for row, column in ((0, 0), (4, 16), (19, 80)):
        tile = np.empty_like(whole[row:, column:], order="C")
        _kernels.dropout_mask(tile, 0.3, 1, 2, 3, row=row, column=column)
        assert_array_equal(tile, whole[row:, column:])


def test_masks_differ_and_keep_the_right_share():
    shape = (400, 500)
    masks = {}
    for seed, layer, t, purpose in [(0, 0, 1, 1), (1, 0, 1, 1), (0, 1, 1, 1), (0, 0, 2, 1), (0, 0, 1, 3)]:
        masks[seed, layer, t, purpose] = mask = np.empty(shape)
        _kernels.dropout_mask(mask, 0.3, seed, layer, t, purpose)
        kept = (mask > 0).mean()
        assert abs(kept - 0.7) < 5 * np.sqrt(0.21 / mask.size)
        assert abs(mask.mean() - 1) < 0.01
    kept = np.array([mask.ravel() > 0 for mask in masks.values()])
    assert np.abs(np.corrcoef(kept) - np.eye(len(kept))).max() < 5 / np.sqrt(kept.shape[1])
    rows = kept[0].reshape(shape)
    assert np.abs(np.corrcoef(rows[:20]) - np.eye(20)).max() < 6 / np.sqrt(shape[1])


@every_dtype
@pytest.mark.parametrize("width", [1, 7, 8, 9, 50])
def test_noise(width, dtype, rng):
    X = rng.normal(size=(5, width)).astype(dtype)
    noisy = X.copy()
    _kernels.noise(noisy, 0.3, 7, 11, row=2)
    expected = 0.3 * reference.noise(reference.Draw(7, 11, first=2), (5, width))
    assert_allclose(noisy, X + expected, **tolerance(dtype, 3))


def test_noise_is_normal():
    X = np.zeros((500, 400))
    _kernels.noise(X, 1.0, 3, 1)
    assert abs(X.mean()) < 5 / np.sqrt(X.size)
    assert abs(X.var() - 1) < 0.02
    assert abs((X**4).mean() - 3) < 0.1
    assert 4 < np.abs(X).max() < 7
