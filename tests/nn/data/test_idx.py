"""IDX files: what is read, and that nothing a file claims costs memory before it is there."""

import gzip
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.data.idx import ENTRIES, read

PIXELS = bytes(range(0, 240, 10))  # 4 images of 2×3
LABELS = bytes([2, 0, 1, 2])
NAMES = ("a", "b", "c")


def header(*shape, kind=8):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape)


IMAGES_FILE = header(4, 2, 3) + PIXELS
LABELS_FILE = header(4) + LABELS


def bomb(start, zeros):
    """A gzip file of a start and very many zeros, made in little memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(start)] + [packer.compress(bytes(2**20)) for _ in range(zeros)]
    return b"".join([*parts, packer.flush()])


@pytest.fixture
def load(tmp_path):
    def loaded(images=IMAGES_FILE, labels=LABELS_FILE, names=NAMES):
        paths = tmp_path / "some-images", tmp_path / "some-labels"
        for path, content in zip(paths, (images, labels), strict=True):
            path.write_bytes(content)
        return nn.data.idx(*paths, names)

    return loaded


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda b: gzip.compress(b, 0)])
def test_a_file_is_read_plain_or_gzip_whatever_its_name(load, pack):
    data = load(pack(IMAGES_FILE), pack(LABELS_FILE))
    assert data.labels == [2, 0, 1, 2]
    assert data.class_names == NAMES
    assert (data.images.shape, data.images.dtype) == ((4, 1, 2, 3), np.float32)
    assert data.images[1, 0, 1, 2] == np.float32(110 / 255)
    assert data.images.ravel().tolist() == (np.float32(list(PIXELS)) / np.float32(255)).tolist()


def test_pixels_go_from_0_to_1(load):
    image = load(header(1, 16, 16) + bytes(range(256)), header(1) + b"\0", ["a"]).images
    assert (image.min(), image.max()) == (0, 1)
    assert (image.ravel() * 255).round().tolist() == list(range(256))


def test_gzip_in_several_members_is_one_file(load):
    split = gzip.compress(IMAGES_FILE[:9]) + gzip.compress(b"") + gzip.compress(IMAGES_FILE[9:])
    assert (load(split).images == load().images).all()


@given(st.lists(st.integers(1, 5), min_size=3, max_size=3), st.booleans(), st.randoms())
def test_what_was_written_is_read(folder, shape, zipped, rng):
    pixels = rng.randbytes(int(np.prod(shape)))
    path = folder / "written"
    content = header(*shape) + pixels
    path.write_bytes(gzip.compress(content) if zipped else content)
    array = read(path, 3)
    assert array.shape == tuple(shape)
    assert array.tobytes() == pixels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


HOSTILE = {
    "nothing": (b"", "it starts with nothing, it should with 00 00 08 03"),
    "text": (b"<html>not found</html>", "it starts with 3c 68 74 6d"),
    "labels": (LABELS_FILE, "it starts with 00 00 08 01, it should with 00 00 08 03"),
    "two axes": (header(4, 6) + PIXELS, "it starts with 00 00 08 02"),
    "four axes": (header(4, 1, 2, 3) + PIXELS, "it starts with 00 00 08 04"),
    "signed bytes": (header(4, 2, 3, kind=9) + PIXELS, "it starts with 00 00 09 03"),
    "floats": (header(1, 2, 3, kind=13) + PIXELS, "it starts with 00 00 0d 03"),
    "little-endian": (IMAGES_FILE[3::-1] + IMAGES_FILE[4:], "it starts with 03 08 00 00"),
    "half a header": (IMAGES_FILE[:10], "its header ends after 10 bytes"),
    "a header alone": (IMAGES_FILE[:16], "promises 24 entries; in 16 bytes"),
    "cut": (IMAGES_FILE[:30], r"promises 24 entries \(4, 2, 3\), it has 14"),
    "one byte too many": (IMAGES_FILE + b"!", "promises 24 entries .*, it has more"),
    "no images": (header(0, 2, 3), r"its shape \(0, 2, 3\) is empty"),
    "no rows": (header(4, 0, 3), r"its shape \(4, 0, 3\) is empty"),
    "2³¹ images": (header(2**31, 28, 28) + PIXELS, f"at most {ENTRIES} are read"),
    "2⁹⁶ entries": (header(*[2**32 - 1] * 3) + PIXELS, f"at most {ENTRIES} are read"),
    "a million images": (header(10**6, 28, 28) + PIXELS, "promises 784000000 entries; in 40 bytes"),
    "too many images": (header(5, 2, 3) + bytes(30), "5 images, and .*some-labels has 4 labels"),
    "a zip": (b"PK\3\4" + PIXELS, "it starts with 50 4b"),
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_a_data_error_that_names_it(load, case, zipped):
    content, text = HOSTILE[case]
    if zipped and "; in " in text:
        content += bytes(200) * ("million" in case)
        text = "promises .* entries"
    with pytest.raises(nn.data.DataError, match=text) as caught:
        load(gzip.compress(content) if zipped else content)
    assert "some-images" in str(caught.value)


DAMAGED_GZIP = {
    "cut": lambda z: z[:-12],
    "without its end": lambda z: z[:-8],
    "a wrong checksum": lambda z: z[:-8] + bytes([z[-8] ^ 1]) + z[-7:],
    "a wrong length": lambda z: z[:-4] + bytes([z[-4] ^ 1]) + z[-3:],
    "a wrong block": lambda z: z[:10] + b"\xff" + z[11:],
    "another method": lambda z: z[:2] + b"\7" + z[3:],
    "a tail": lambda z: z + b"tail",
    "two bytes": lambda z: z[:2],
}


@pytest.mark.parametrize("case", DAMAGED_GZIP)
def test_a_damaged_gzip_file_is_a_data_error_that_names_it(load, case):
    with pytest.raises(nn.data.DataError, match="some-images: not a file of images, or damaged"):
        load(DAMAGED_GZIP[case](gzip.compress(IMAGES_FILE)))
    with pytest.raises(nn.data.DataError, match="some-labels: not a file of labels, or damaged"):
        load(labels=DAMAGED_GZIP[case](gzip.compress(LABELS_FILE)))


def test_a_label_without_a_class_is_a_data_error(load):
    with pytest.raises(nn.data.DataError, match=r"some-labels: label 2 of sample 0; there are 2"):
        load(names=["a", "b"])


def test_a_folder_is_a_data_error_and_a_missing_file_is_named(tmp_path):
    with pytest.raises(nn.data.DataError, match="a folder, not a file of images"):
        nn.data.idx(tmp_path, tmp_path, NAMES)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        nn.data.idx(tmp_path / "nowhere", tmp_path, NAMES)


HEAVY = {
    "more than it promises": lambda: bomb(IMAGES_FILE, 64),
    "more than a header can promise": lambda: bomb(header(*[2**32 - 1] * 3), 64),
    "not an IDX file": lambda: bomb(b"", 64),
    "less than it promises": lambda: bomb(header(64, 1024, 1024), 2) + bytes(2**16),
    "promises what a plain file cannot hold": lambda: header(2**20, 32, 32) + bytes(100),
    "an endless name": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 2**20,
}


@pytest.mark.parametrize("case", HEAVY)
def test_a_bomb_takes_little_memory(folder, case):
    path = folder / "bomb"
    path.write_bytes(HEAVY[case]())
    tracemalloc.start()
    try:
        with pytest.raises(nn.data.DataError, match="bomb: not a file of images"):
            read(path, 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20


SEEDS = st.sampled_from([IMAGES_FILE, gzip.compress(IMAGES_FILE), gzip.compress(IMAGES_FILE, 0)])
BYTES = st.one_of(st.sampled_from([0, 1, 3, 8, 127, 128, 255]), st.integers(0, 255))


@st.composite
def mutated(draw):
    """A small file with some bytes changed, cut or grown; sometimes packed afterwards."""
    content = bytearray(draw(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, min(len(content) - 1, draw(st.sampled_from([18, 999])))))
        content[place] = draw(BYTES)
    end = draw(st.one_of(st.none(), st.integers(1, len(content))))
    content = bytes(content[:end]) + draw(st.binary(max_size=3))
    return gzip.compress(content) if draw(st.booleans()) else content


ANYTHING = st.one_of(
    mutated(),
    st.binary(max_size=60),
    st.binary(max_size=60).map(gzip.compress),
    st.binary(max_size=60).map(b"\x1f\x8b\x08".__add__),
    st.binary(max_size=60).map(b"\0\0\x08\x03".__add__),
)


@given(ANYTHING)
def test_anything_is_an_array_or_a_data_error(folder, content):
    path = folder / "anything"
    path.write_bytes(content)
    try:
        array = read(path, 3)
    except nn.data.DataError as error:
        message = str(error)
    else:
        assert array.dtype == np.uint8
        assert 0 < array.size <= 1032 * len(content)
        return
    assert str(path) in message
