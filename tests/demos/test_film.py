"""The gallery's film of the explorer is made by a script, small, and long enough to be followed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def film(path):
    """Frames, seconds and size of an animated picture."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    with image.open(path) as opened:
        seconds = 0.0
        for k in range(opened.n_frames):
            opened.seek(k)
            opened.load()
            seconds += opened.info["duration"] / 1000
        return opened.n_frames, seconds, opened.size


def test_the_film_of_the_gallery_is_short_and_small():
    path = ROOT / ".github/gallery/explorer.webp"
    frames, seconds, (width, height) = film(path)
    assert frames > 30
    assert 10 < seconds < 40
    assert 800 <= width <= 1200
    assert width > height
    assert path.stat().st_size <= 2_000_000


def test_the_script_films_a_page_in_use(tmp_path, driver):
    path = tmp_path / "film.webp"
    done = subprocess.run(
        [sys.executable, ".ci/film_explorer.py", "--quick", "--out", str(path)],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frames, seconds, _ = film(path)
    assert frames > 10
    assert seconds > 5
    assert f"{path}: " in done.stdout
