"""MNIST and Fashion-MNIST: embedded, from folders, and from real servers that misbehave."""

import gzip
import hashlib
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import nn
from nn.data import download
from nn.data.download import Source, fetch
from nn.data.mnist import DIGITS, FASHION, MNIST, both

FOLDER = Path(__file__).parents[3] / "demos" / "data" / "mnist-10k"
CONTENTS = {name: (FOLDER / name).read_bytes() for name in MNIST.files}
HASHES = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
ONE = "train-images-idx3-ubyte.gz"
SIZE = len(CONTENTS[ONE])


class Answer(BaseHTTPRequestHandler):
    """One answer; the first part of a path says how the mirror of that name misbehaves."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, mirror, name = self.path.split("/")
        asked = self.headers.get("Range")
        self.record = {"mirror": mirror, "name": name, "range": asked, "sent": 0}
        self.server.record.append(self.record)
        self.close_connection = True
        getattr(self, mirror)(CONTENTS[name], int(asked[len("bytes=") : -1]) if asked else 0)

    def head(self, status, length, **fields):
        self.send_response(status)
        for name, value in {"Content-Length": length, **fields}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, content):
        self.wfile.write(content)
        self.record["sent"] += len(content)

    def good(self, content, start):
        if start >= len(content):
            return self.head(416, 0, Content_Range=f"bytes */{len(content)}")
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        rest = content[start:]
        self.head(206 if start else 200, len(rest), Content_Range=span if start else None)
        return self.send(rest)

    def slow(self, content, start):
        self.server.together.wait(60)
        self.good(content, start)

    def cut(self, content, start):
        self.head(200, len(content))
        self.send(content[: len(content) // 2])

    def hang(self, content, start):
        self.server.closing.wait(10)

    def stall(self, content, start):
        self.cut(content, start)
        self.wfile.flush()
        self.server.closing.wait(10)

    def whole(self, content, start):
        self.head(200, len(content))
        self.send(content)

    def other_range(self, content, start):
        if not start:
            return self.good(content, 0)
        self.head(206, 9, Content_Range=f"bytes 0-8/{len(content)}")
        return self.send(content[:9])

    def wrong(self, content, start):
        self.head(200, 9)
        self.send(b"not these")

    def endless(self, content, start):
        self.head(200, None)
        while not self.server.closing.is_set():
            self.send(bytes(2**16))

    def e404(self, content, start):
        self.send_error(404)

    def e500(self, content, start):
        self.send_error(500)

    def garbage(self, content, start):
        self.wfile.write(b"hello\r\n\r\n")

    def labelled(self, content, start):
        self.head(200, len(content), Content_Encoding="gzip")
        self.send(content)

    def chunked(self, content, start):
        self.head(200, None, Transfer_Encoding="chunked")
        self.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content))

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """Serves MNIST's files on this machine, and records what it was asked and what it sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.record = []
        self.closing, self.together = threading.Event(), threading.Barrier(2)

    def handle_error(self, request, address):
        pass  # a client that went away

    def mirror(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}/"

    def asked(self):
        return [(r["mirror"], r["name"]) for r in self.record]


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def get(server, tmp_path):
    """get(mirror, ...) fetches one file into the cache from these mirrors, in order."""

    def got(*mirrors, timeout=5.0):
        addresses = [m if ":" in m else server.mirror(m) for m in mirrors]
        (path,) = fetch(Source("MNIST", {ONE: HASHES[ONE]}, addresses), tmp_path, timeout)
        assert path == tmp_path / "MNIST" / ONE
        assert path.read_bytes() == CONTENTS[ONE]
        assert cached(tmp_path) == {ONE: SIZE}
        return server.record

    return got


def cached(cache):
    return {path.name: path.stat().st_size for path in (cache / "MNIST").iterdir()}


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_both_parts_are_downloaded_once(server, tmp_path):
    source = Source("MNIST", HASHES, [server.mirror("good")])
    train, test = both(source, DIGITS, cache=tmp_path)
    assert server.asked() == [("good", name) for name in MNIST.files]
    assert cached(tmp_path) == {name: len(content) for name, content in CONTENTS.items()}
    read = nn.data.mnist(FOLDER)
    for downloaded, part in zip((train, test), read, strict=True):
        assert (downloaded.images == part.images).all()
        assert downloaded.labels == part.labels
    both(source, DIGITS, cache=tmp_path)
    assert len(server.record) == 4


def test_a_cached_file_is_not_asked_for_and_a_changed_one_is(get, server, tmp_path):
    get("good")
    get(closed_port())
    (tmp_path / "MNIST" / ONE).write_bytes(b"changed")
    get("good")
    assert len(server.record) == 2


def test_a_file_that_was_cut_is_continued_by_the_next_mirror(get):
    cut, rest = get("cut", "good")
    assert cut["range"] is None
    assert cut["sent"] == SIZE // 2
    assert rest["range"] == f"bytes={SIZE // 2}-"
    assert rest["sent"] == SIZE - SIZE // 2


@pytest.mark.parametrize("broken", ["cut", "stall"])
def test_a_file_that_broke_off_is_continued_the_next_time(get, server, tmp_path, broken):
    with pytest.raises(ConnectionError, match="no mirror gives"):
        get(broken, timeout=0.3)
    ((name, kept),) = cached(tmp_path).items()
    assert name == f"{ONE}.part"
    assert SIZE // 2 - download.CHUNK <= kept <= SIZE // 2
    rest = get("good")[-1]
    assert rest["range"] == f"bytes={kept}-"
    assert rest["sent"] == SIZE - kept


FETCH = """
import sys
from nn.data.download import Source, fetch
name, sha256, mirror, cache = sys.argv[1:]
fetch(Source("MNIST", {name: sha256}, [mirror]), cache)
"""


def process(server, mirror, cache):
    arguments = [ONE, HASHES[ONE], server.mirror(mirror), str(cache)]
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, *arguments],
        cwd=FOLDER.parents[2],
        stderr=subprocess.PIPE,
    )


def test_a_killed_process_leaves_what_it_got_to_the_next(get, server, tmp_path):
    part = tmp_path / "MNIST" / f"{ONE}.part"
    with process(server, "stall", tmp_path) as running:
        waiting = threading.Event()
        for _ in range(3000):
            if part.exists() and part.stat().st_size >= SIZE // 2 - download.CHUNK:
                break
            assert running.poll() is None, running.stderr.read()
            waiting.wait(0.01)
        running.kill()
    kept = part.stat().st_size
    assert kept >= SIZE // 2 - download.CHUNK
    for leftover in set(cached(tmp_path)) - {part.name}:
        (tmp_path / "MNIST" / leftover).unlink()  # pooch's temporary file
    assert get("good")[-1]["range"] == f"bytes={kept}-"


def test_two_processes_at_a_time_do_not_disturb_each_other(get, server, tmp_path):
    running = [process(server, "slow", tmp_path) for _ in range(2)]
    for one in running:
        with one:
            assert one.wait(60) == 0, one.stderr.read()
    assert [r["sent"] for r in server.record] == [SIZE, SIZE]  # both at the same time
    (tmp_path / "new").touch()
    assert (tmp_path / "MNIST" / ONE).stat().st_mode == (tmp_path / "new").stat().st_mode
    get(closed_port())


PARTS = {
    "of another file": (b"other" * 1000, ["bytes=5000-", None]),
    "longer than the file": (CONTENTS[ONE] + b"more", [f"bytes={SIZE + 4}-", None]),
    "as long, but wrong": (bytes(SIZE), [f"bytes={SIZE}-", None]),
    "whole": (CONTENTS[ONE], []),
    "empty": (b"", [None]),
}


@pytest.mark.parametrize("case", PARTS)
def test_a_part_that_does_not_lead_to_the_file_is_given_up(get, tmp_path, case):
    part, ranges = PARTS[case]
    (tmp_path / "MNIST").mkdir()
    (tmp_path / "MNIST" / f"{ONE}.part").write_bytes(part)
    assert [r["range"] for r in get("good")] == ranges


@pytest.mark.parametrize(("mirror", "requests"), [("whole", 1), ("other_range", 2)])
def test_a_server_that_cannot_continue_starts_over(get, tmp_path, mirror, requests):
    (tmp_path / "MNIST").mkdir()
    (tmp_path / "MNIST" / f"{ONE}.part").write_bytes(CONTENTS[ONE][:1000])
    record = get(mirror)
    assert record[0]["range"] == "bytes=1000-"
    assert record[-1]["sent"] == SIZE
    assert len(record) == requests


@pytest.mark.parametrize("mirror", ["labelled", "chunked"])
def test_the_bytes_of_a_file_arrive_as_they_are(get, mirror):
    assert len(get(mirror)) == 1


def test_mirrors_are_asked_in_order_and_those_that_failed_come_last(server, tmp_path):
    mirrors = [server.mirror(m) for m in ("e500", "wrong", "good", "e404")]
    both(Source("MNIST", HASHES, mirrors), DIGITS, cache=tmp_path)
    first, *others = MNIST.files
    asked = [("e500", first), ("wrong", first), ("good", first)]
    assert server.asked() == asked + [("good", name) for name in others]


FAILURES = {
    "e500": "it answers 500 Internal Server Error",
    "e404": "it answers 404 Not Found",
    "wrong": "what it sends has another SHA-256",
    "garbage": r"BadStatusLine\('hello",
    "hang": "timed out",
    "cut": f"IncompleteRead.*{SIZE - SIZE // 2} more|broke off after {SIZE // 2} of {SIZE}",
}


def test_an_error_tells_what_went_wrong_with_each_mirror(get, server, tmp_path):
    elsewhere = {
        closed_port(): "refused",
        "ftp://127.0.0.1/": "InvalidSchema.*",
        "no:address": "Invalid.*|Missing.*|No connection adapters.*",
    }
    with pytest.raises(ConnectionError) as caught:
        get(*FAILURES, *elsewhere, timeout=0.3)
    head, *lines = str(caught.value).splitlines()
    assert head.startswith(f"no mirror gives {ONE}; root=FOLDER reads files")
    reasons = {**{server.mirror(m): text for m, text in FAILURES.items()}, **elsewhere}
    for line, (mirror, text) in zip(lines, reasons.items(), strict=True):
        start = f"  {mirror.rstrip('/')}/{ONE}: "
        assert line.startswith(start)
        assert re.search(text, line[len(start) :])
    assert [name for _, name in server.asked()] == [ONE] * len(FAILURES)


def test_a_wrong_file_leaves_nothing_behind(get, tmp_path):
    with pytest.raises(ConnectionError, match="another SHA-256"):
        get("wrong")
    assert cached(tmp_path) == {}


def test_an_endless_answer_is_cut(get, monkeypatch, tmp_path):
    monkeypatch.setattr(download, "LARGEST", 2**20)
    with pytest.raises(ConnectionError, match="it sends more than 1048576 bytes"):
        get("endless")
    assert all(size <= 2**20 + download.CHUNK for size in cached(tmp_path).values())


def test_one_address_is_one_mirror(server, tmp_path):
    fetch(Source("MNIST", {ONE: HASHES[ONE]}, server.mirror("good")), tmp_path)
    assert server.asked() == [("good", ONE)]


@pytest.mark.parametrize("load", [nn.data.mnist, nn.data.fashion_mnist])
def test_what_is_not_the_published_set_is_refused(load, server, tmp_path):
    with pytest.raises(ConnectionError, match=f"no mirror gives {ONE}.*\n.*another SHA-256"):
        load(mirrors=[server.mirror("good")], cache=tmp_path)


def test_known_hashes_are_the_published_ones():
    assert {n: HASHES[n] for n in HASHES if "t10k" in n}.items() <= MNIST.files.items()
    hashes = [*MNIST.files.values(), *FASHION.files.values()]
    assert len(set(hashes)) == 8
    assert all(len(bytes.fromhex(h)) == 32 for h in hashes)


def test_without_pooch_an_import_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'^downloading MNIST .*"glassgrad\[data\]"$'):
        nn.data.mnist()


LAYOUTS = {
    "gzip": lambda name: name,
    "plain": lambda name: name.removesuffix(".gz"),
    "with a dot": lambda name: name.removesuffix(".gz").replace("-idx", ".idx"),
    "torchvision": lambda name: f"MNIST/raw/{name.removesuffix('.gz')}",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_on_disk_are_read_without_the_network(monkeypatch, tmp_path, layout):
    def offline(*arguments, **options):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", offline)
    monkeypatch.setitem(sys.modules, "pooch", None)
    for name in MNIST.files:
        path = tmp_path / LAYOUTS[layout](name)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = CONTENTS[name]
        path.write_bytes(content if path.suffix == ".gz" else gzip.decompress(content))
    train, test = nn.data.mnist(str(tmp_path))
    assert train.images.shape == test.images.shape == (10_000, 1, 28, 28)


def test_a_folder_that_lacks_a_file_is_told_all_four(tmp_path):
    shutil.copy(FOLDER / ONE, tmp_path)
    with pytest.raises(FileNotFoundError, match="it has 1 of them") as caught:
        nn.data.mnist(tmp_path)
    assert all(text in str(caught.value) for text in ["MNIST", str(tmp_path), *MNIST.files])
    with pytest.raises(FileNotFoundError, match=r"FashionMNIST.*it has 0 of them"):
        nn.data.fashion_mnist(tmp_path / "nowhere")


def test_a_home_folder_may_be_abbreviated(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"the folder {tmp_path}"):
        nn.data.mnist("~/digits")


def by_nearest_mean(train, test):
    """The share of test images whose nearest class mean is their class's."""
    labels = np.array(train.labels)
    means = np.stack([train.images[labels == c].mean(0).ravel() for c in range(10)])
    flat = test.images.reshape(len(test), -1)
    distances = (means * means).sum(1) - 2 * flat @ means.T
    return (distances.argmin(1) == test.labels).mean()


def test_mnist_is_mnist():
    train, test = nn.data.mnist(FOLDER)
    assert train.labels[:10] == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    counts = Counter(test.labels)
    expected = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert [counts[c] for c in range(10)] == expected
    assert test.images.mean(dtype=float) == pytest.approx(0.1325, abs=1e-4)
    assert by_nearest_mean(train, test) > 0.8
    assert test.class_names == tuple("0123456789")


def test_fashion_mini_has_90_pictures_of_each_class():
    train, test = nn.data.fashion_mini()
    assert train.images.shape == (600, 1, 28, 28)
    assert test.images.shape == (300, 1, 28, 28)
    assert train.images.dtype == np.float32
    assert train.images.min() == 0
    assert train.images.max() == 1
    assert Counter(train.labels) == dict.fromkeys(range(10), 60)
    assert Counter(test.labels) == dict.fromkeys(range(10), 30)
    assert train.class_names[0] == "T-shirt/top"
    assert train.class_names[9] == "Ankle boot"
    assert by_nearest_mean(train, test) > 0.6
    trousers, bags = (train.images[np.array(train.labels) == c].mean((0, 1, 2)) for c in (1, 8))
    assert (trousers[:6] < bags[:6]).all()  # bags are wide


def test_a_thousand_batches_of_mnist_are_arrays_at_once():
    train, _ = nn.data.mnist(FOLDER)
    for batch in train.batches(10):
        assert isinstance(batch.images, np.ndarray)
