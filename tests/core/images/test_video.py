"""Every video frame equals what was filmed; bad files get a sentence."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.datasets.scenes import Pan, label_of, pan
from core.errors import BadVideo
from core.images import video
from core.images.photographs import photograph
from core.images.video import Moment, Video, corner, encode, open_video, squares
from tests.support.filmed import Pixels, empty, film, noise, sound, turned


def pixels(moments: Iterator[Moment]) -> list[Pixels]:
    return [moment.pixels.permute(1, 2, 0).numpy() for moment in moments]


def refused(source: Any, name: str = "film.mp4") -> str:
    with pytest.raises(BadVideo) as caught:
        list(open_video(source, name).frames())
    error = caught.value
    assert str(error) == f"{error.happened} {error.accepted} {error.remedy}"
    assert str(error).isprintable()
    assert len(error.remedy) > 10
    return str(error)


# Good ones


@pytest.mark.parametrize("path", [False, True])
def test_frames_come_one_by_one_to_the_bit(path: bool, tmp_path: Path) -> None:
    filmed = noise(7)
    source: bytes | Path = film(filmed)
    if path:
        (tmp_path / "film.mov").write_bytes(source)
        source = tmp_path / "film.mov"
    found = open_video(source, "film.mov")
    assert (found.width, found.height, found.count, found.rate, found.notes) == (80, 60, 7, 25, ())
    moments = list(found.frames())
    assert [m.time for m in moments] == pytest.approx([k / 25 for k in range(7)])
    assert all(m.pixels.dtype == torch.uint8 and m.pixels.shape == (3, 60, 80) for m in moments)
    assert all(np.array_equal(a, b) for a, b in zip(pixels(iter(moments)), filmed, strict=True))
    for start in (0, 1, 6, 7):
        assert all(np.array_equal(a, b) for a, b in zip(pixels(found.frames(start)), filmed[start:], strict=True))


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif"])
def test_lossy_kinds_show_what_was_filmed(kind: str) -> None:
    filmed = [np.full((64, 96, 3), level, np.uint8) for level in range(0, 250, 50)]
    found = open_video(film(filmed, kind), f"film.{kind}")
    assert (found.width, found.height, found.count) == (96, 64, 5)
    shown = pixels(found.frames())
    assert len(shown) == 5
    assert all(abs(a.mean() - b.mean()) < 2 for a, b in zip(shown, filmed, strict=True))


def test_a_frame_keeps_its_own_time_where_the_rate_varies() -> None:
    times = [0.0, 0.04, 0.1, 0.5, 0.51, 0.9, 2.0]
    found = open_video(film(noise(7), "mp4", times=times), "phone.mp4")
    assert [moment.time for moment in found.frames()] == pytest.approx(times, abs=2e-3)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_telephone_held_upright(quarters: int) -> None:
    filmed = noise(2)
    found = open_video(turned(film(filmed), quarters), "phone.mov")
    assert (found.width, found.height) == ((60, 80) if quarters % 2 else (80, 60))
    assert all(np.array_equal(a, np.rot90(b, -quarters)) for a, b in zip(pixels(found.frames()), filmed, strict=True))


def test_transparent_parts_lie_on_white(tmp_path: Path) -> None:
    first, second = (Image.new("P", (40, 30), k) for k in (0, 1))
    for image in (first, second):
        image.putpalette([255, 0, 0, 0, 0, 255])
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second], transparency=0, duration=100, disposal=2)
    red, blue = pixels(open_video(tmp_path / "a.gif", "a.gif").frames())
    assert (red == 255).all()
    assert (blue == (0, 0, 255)).all()


def test_no_more_than_the_first_600(monkeypatch: pytest.MonkeyPatch) -> None:
    filmed = noise(9)
    assert video.MAX_FRAMES == 600
    monkeypatch.setattr(video, "MAX_FRAMES", 4)
    found = open_video(film(filmed), "long.mov")
    assert (found.count, found.notes) == (4, ("only its first 4 frames are measured",))
    assert all(np.array_equal(a, b) for a, b in zip(pixels(found.frames()), filmed[:4], strict=True))


def test_4k_works_one_frame_at_a_time() -> None:
    """Whole frames of it are 25 MB each; of five, squares alone are kept."""
    found = open_video(film([np.full((2160, 3840, 3), 10 * k, np.uint8) for k in range(5)], "mp4"), "4k.mp4")
    assert (found.width, found.height) == (3840, 2160)
    tracemalloc.start()
    kept = [moment.pixels for moment in squares(found, 96, (0.5, 0.5))]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(kept) == 5
    assert most < 2.5 * 3840 * 2160 * 3


# Cut


@pytest.mark.parametrize("size", [1, 31, 60])
def test_squares_are_cut_pixel_for_pixel(size: int) -> None:
    filmed = noise(3)
    found = open_video(film(filmed), "film.mov")
    for across, down in itertools.product((0.0, 0.13, 0.5, 0.77, 1.0), repeat=2):
        x, y = corner(found, size, (across, down))
        assert 0 <= x <= 80 - size
        assert 0 <= y <= 60 - size
        if size / 2 <= across * 80 <= 80 - size / 2:  # nothing moved it inside
            assert abs(x + size / 2 - across * 80) <= 0.5
        made = list(squares(found, size, (across, down)))
        assert [moment.time for moment in made] == [moment.time for moment in found.frames()]
        for cut, whole in zip(pixels(iter(made)), filmed, strict=True):
            assert np.array_equal(cut, whole[y : y + size, x : x + size])
        assert all(moment.pixels.untyped_storage().nbytes() == 3 * size * size for moment in made)


def test_a_video_smaller_than_what_a_network_sees_is_refused() -> None:
    with pytest.raises(BadVideo, match=r"80 x 60 pixels.*at least 61 x 61.*a network with a smaller input"):
        list(squares(open_video(film(noise(2)), "small.mov"), 61, (0.5, 0.5)))


# Bad ones


BAD = {
    "truncated": (lambda: film(noise(20), "mp4")[:20_000], "a damaged or truncated file"),
    "text": (lambda: b"these are notes, and no film at all", "no MP4, MOV, WebM or GIF"),
    "playlist": (lambda: b"ffconcat version 1.0\nfile /etc/hostname\n", "no MP4, MOV, WebM or GIF"),
    "stream list": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "no MP4, MOV, WebM or GIF"),
    "nothing": (lambda: b"", "an empty file"),
    "sound": (sound, "only sound"),
    "no frames": (lambda: empty("mp4"), "no pictures"),
    "no frames, webm": (lambda: empty("webm"), "a damaged or truncated file"),
    "one frame": (lambda: film(noise(1), "gif"), "a single frame"),
    "box alone": (lambda: b"\0\0\0\x20ftypisom" + bytes(100), "a damaged or truncated file"),
    "gif alone": (lambda: b"GIF89a" + bytes(5), "a damaged or truncated file"),
    "matroska alone": (lambda: b"\x1a\x45\xdf\xa3" + bytes(50), "a damaged or truncated file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_a_sentence(name: str) -> None:
    make, said = BAD[name]
    text = refused(make())
    assert said in text
    assert "'film.mp4'" in text


def test_a_missing_and_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No such file" in refused(tmp_path / "gone.mp4")
    monkeypatch.setattr(video, "MAX_BYTES", 2**20)
    assert "'film.mp4' has 2 MB. The app reads at most 1 MB." in refused(bytes(2 * 2**20))


def test_frames_past_the_limit_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = film(noise(2))
    monkeypatch.setattr(video, "MAX_PIXELS", 80 * 60 - 1)
    monkeypatch.setattr(video, "decode_frames", None)
    assert "frames of 80 x 60 pixels" in refused(data)


def test_a_file_cut_in_the_middle_gives_what_is_before(tmp_path: Path) -> None:
    filmed = noise(20)
    data = film(filmed, file=tmp_path / "film.mov")
    found = open_video(data[: len(data) * 6 // 10], "cut.mov")
    got = []
    moments = found.frames()
    with pytest.raises(BadVideo, match=r"damaged or cut after \d+ frames") as caught:
        got.extend(moment.pixels.permute(1, 2, 0).numpy() for moment in moments)
    assert 8 <= len(got) <= 14
    assert f"after {len(got)} frames" in caught.value.happened
    assert all(np.array_equal(a, b) for a, b in zip(got, filmed, strict=False))


def test_flipped_bytes_are_a_sentence_or_frames() -> None:
    rng = np.random.default_rng(0)
    for kind in ("mp4", "mov", "webm", "gif"):
        data = film(noise(4, 32, 48), kind)
        for _ in range(25):
            changed = bytearray(data)
            for place in rng.integers(0, len(data), 12):
                changed[place] = rng.integers(256)
            with suppress(BadVideo):
                found = open_video(bytes(changed), "flipped")
                for moment in found.frames():
                    assert moment.pixels.shape == (3, found.height, found.width)


# Drawn


@pytest.mark.parametrize("size", [32, 96, 224, 299, 384])
def test_a_drawn_clip_is_wide_enough_for_its_network(size: int) -> None:
    clip = Pan(1, size)
    first = next(clip.frames())
    assert first.pixels.shape == (3, clip.height, clip.width)
    assert size <= clip.width <= 0.85 * clip.scene
    assert (clip.drawn, clip.label) == (True, label_of(1))


def test_a_drawn_clip_is_pure_and_moves_slowly() -> None:
    clip = Pan(3, 48)
    frames = list(clip.frames())
    assert [moment.time for moment in frames] == [k / clip.rate for k in range(clip.count)]
    pan.draw_scene.cache_clear()
    again = list(Pan(3, 48).frames(20))
    assert all(torch.equal(a.pixels, b.pixels) for a, b in zip(frames[20:], again, strict=True))
    steps = [(b.pixels.float() - a.pixels.float()).abs().mean() for a, b in itertools.pairwise(frames)]
    assert min(steps) > 0  # no two are equal
    assert max(steps) < (frames[-1].pixels.float() - frames[0].pixels.float()).abs().mean()
    assert len({Pan(3, 48).digest, Pan(4, 48).digest, Pan(3, 49).digest}) == 3


@pytest.mark.parametrize(("seed", "size"), [*itertools.product(range(6), [32, 96]), (0, 299), (1, 400)])
def test_the_camera_never_looks_past_the_scene(seed: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def white(_: int, side: int) -> Any:
        return photograph(Image.new("RGB", (side, side), "white"), "white")

    monkeypatch.setattr(pan, "draw_scene", white)
    assert all(int(moment.pixels.min()) == 255 for moment in Pan(seed, size).frames())


def test_the_players_copy_is_much_like_it() -> None:
    clip = Pan(1, 96)
    copy = open_video(encode(clip), "copy.mp4")
    assert isinstance(copy, Video)
    assert (copy.width, copy.height, copy.count) == (clip.width, clip.height, clip.count)
    for a, b in zip(clip.frames(), copy.frames(), strict=True):
        assert a.time == pytest.approx(b.time, abs=1e-3)
        assert (a.pixels.float() - b.pixels.float()).abs().mean() < 8
