"""IDX files: read, written, and refused where they are wrong."""

import gzip
import struct
import sys
import tracemalloc

import numpy as np
import pytest

from cmlp import datasets

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}


def sample(kind, shape):
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape) * 37
    return (values % 251 - (0 if kind == "u1" else 120)).astype(kind)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 1, 3, 2), (0,), (2, 0, 3)])
@pytest.mark.parametrize("kind", IDX_TYPES.values())
def test_idx_round_trip(tmp_path, kind, shape, ending):
    path = tmp_path / f"file{ending}"
    array = sample(kind, shape)
    datasets.write_idx(path, array)
    back = datasets.read_idx(path)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.shape == shape
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == (ending == ".gz")


@pytest.mark.parametrize(("code", "kind"), IDX_TYPES.items())
def test_idx_bytes_are_those_of_the_format(tmp_path, code, kind):
    path = tmp_path / "file"
    array = sample(kind, (2, 3))
    expected = bytes([0, 0, code, 2]) + struct.pack(">II", 2, 3) + array.astype(f">{kind}").tobytes()
    for stored in (array, array.astype(f">{kind}"), np.asfortranarray(array)):
        datasets.write_idx(path, stored)
        assert path.read_bytes() == expected
    np.testing.assert_array_equal(datasets.read_idx(str(path)), array)


def test_idx_extreme_values_survive(tmp_path):
    path = tmp_path / "file"
    for kind in ("u1", "i1", "i2", "i4"):
        limits = np.array([np.iinfo(kind).min, np.iinfo(kind).max], dtype=kind)
        datasets.write_idx(path, limits)
        np.testing.assert_array_equal(datasets.read_idx(path), limits)
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    datasets.write_idx(path, special)
    assert datasets.read_idx(path).tobytes() == special.tobytes()


def test_idx_gzip_is_known_by_its_bytes_and_reproducible(tmp_path):
    array = sample("u1", (4, 5))
    first, second, plain = tmp_path / "first.gz", tmp_path / "second.gz", tmp_path / "plain"
    for path in (first, second, plain):
        datasets.write_idx(path, array)
    assert first.read_bytes() == second.read_bytes()
    renamed = first.rename(tmp_path / "no-ending")
    misnamed = plain.rename(tmp_path / "plain.gz")
    np.testing.assert_array_equal(datasets.read_idx(renamed), array)
    np.testing.assert_array_equal(datasets.read_idx(misnamed), array)


def test_idx_write_refuses_other_types_and_writes_nothing(tmp_path):
    path = tmp_path / "file"
    for array in (np.arange(3), np.zeros(3, "f2"), np.zeros(3, bool), np.zeros(3, "u2"), np.array(["a"])):
        with pytest.raises(ValueError, match=f"IDX.*{array.dtype}.*astype"):
            datasets.write_idx(path, array)
    wide = np.lib.stride_tricks.as_strided(np.zeros(1, "u1"), (2**32,), (0,))
    with pytest.raises(ValueError, match="4294967296"):
        datasets.write_idx(path, wide)
    assert not path.exists()


HEADER_2X3 = bytes([0, 0, 8, 2]) + struct.pack(">II", 2, 3)
MALFORMED_IDX = {
    "empty": (b"", r"\b4\b.*\b0\b"),
    "short": (b"\0\0\x08", r"\b4\b.*\b3\b"),
    "not zero": (b"\x89PNG\r\n", "byte 0.*0x89 0x50"),
    "second not zero": (b"\0\x01\x08\x01", "byte 0.*0x00 0x01"),
    "type": (b"\0\0\x0a\x01\0\0\0\x01a", r"byte 2.*0x0A.*0x08 \(uint8\), .*0x0E"),
    "rank": (b"\0\0\x08\x41" + bytes(4 * 65), "byte 3.*65.*64"),
    "sizes cut": (HEADER_2X3[:9], r"byte 4.*\b2\b.*\b8\b.*\b5\b"),
    "no data": (HEADER_2X3, r"byte 12.*2 x 3 uint8.*\b6\b.*\b0\b"),
    "data cut": (HEADER_2X3 + b"abcde", r"byte 12.*\b6\b.*\b5\b"),
    "extra": (HEADER_2X3 + b"abcdefg", "byte 18.*2 x 3 uint8"),
    "scalar cut": (b"\0\0\x0e\0abc", r"byte 4.*float64.*\b8\b.*\b3\b"),
    "huge": (b"\0\0\x08\x02" + b"\xff" * 8 + b"ab", "byte 4.*4294967295 x 4294967295 uint8"),
    "huge but empty": (b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12, "byte 4.*0 x 4294967295 "),
    "vast": (b"\0\0\x0e\x02" + b"\x7f\xff\xff\xff\0\0\xff\xff" + b"ab", r"byte 12.*\b2\b"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("content", "message"), MALFORMED_IDX.values(), ids=MALFORMED_IDX)
def test_idx_malformed(tmp_path, content, message, packed):
    path = tmp_path / "some-file"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(ValueError, match=("some-file.*unpacked.*" if packed else "some-file.*") + message):
        datasets.read_idx(path)


def test_idx_zstandard(tmp_path, monkeypatch):
    arrow = pytest.importorskip("pyarrow", reason="cmlp[arrow] is not installed")
    noise = np.random.default_rng(0).integers(0, 256, (200, 300)).astype("u1")
    content = bytes([0, 0, 0x08, 2]) + struct.pack(">II", 200, 300) + noise.tobytes()
    packed = arrow.Codec("zstd").compress(content, asbytes=True)
    path = tmp_path / "some-file"
    path.write_bytes(packed)
    np.testing.assert_array_equal(datasets.read_idx(path), noise)
    path.write_bytes(packed[:-5])
    with pytest.raises(ValueError, match=r"some-file.*Zstandard data are damaged"):
        datasets.read_idx(path)
    for name in ("pyarrow", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"some-file.*Zstandard.*cmlp\[arrow\]"):
        datasets.read_idx(path)


def test_idx_damaged_gzip(tmp_path):
    path = tmp_path / "some-file"
    whole = gzip.compress(HEADER_2X3 + b"abcdef", mtime=0)
    damaged_sum = whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]
    for content in (whole[:2], whole[:-1], whole[: len(whole) // 2], damaged_sum, whole + b"garbage"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"some-file.*gzip.*\(.+\)"):
            datasets.read_idx(path)


def test_idx_memory_follows_the_header_and_the_data_not_either_alone(tmp_path):
    path = tmp_path / "some-file"
    bomb = gzip.compress(HEADER_2X3 + bytes(50_000_000))
    liar = b"\0\0\x08\x02" + struct.pack(">II", 2**31, 2**31) + b"abc"
    for content, message in ((bomb, "byte 18"), (liar, r"\b3\b"), (gzip.compress(liar), r"\b3\b")):
        path.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=message):
                datasets.read_idx(path)
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("packed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_idx_every_cut_and_every_changed_byte_reads_or_is_a_value_error(tmp_path, packed):
    path = tmp_path / "file"
    array = np.array([[1, -2]], dtype="i2")
    datasets.write_idx(path, array)
    content = path.read_bytes()
    content = gzip.compress(content, mtime=0) if packed else content

    def read(damaged):
        path.write_bytes(damaged)
        try:
            return datasets.read_idx(path)
        except ValueError:
            return None

    assert all(read(content[:length]) is None for length in range(len(content)))
    for position in range(len(content)):
        for flip in range(1, 256, 1 if position < 4 else 7):
            changed = bytearray(content)
            changed[position] ^= flip
            result = read(changed)
            assert result is None or isinstance(result, np.ndarray)
            if packed and result is not None:
                np.testing.assert_array_equal(result, array)
