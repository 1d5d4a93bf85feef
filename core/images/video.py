"""Videos from bytes: their upright frames with times, one at a time, and squares cut from them without resampling.

FFmpeg does the decoding, through PyAV. A file is opened as the type that its first bytes indicate, and never as a
playlist, which could name other files on this machine. At most one whole frame is in memory at a time.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from PIL import Image

from ..errors import BadVideo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MAX_BYTES = 100 * 2**20
MAX_PIXELS = 4096 * 2304  # per frame; enough for 4K, 28 MB
MAX_FRAMES = 600  # only the first frames are read: 20 s at 30 per second
KINDS = "MP4, MOV, WebM or GIF"
TYPES = ("mp4", "m4v", "mov", "webm", "gif")  # file endings

_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")  # the first boxes of MP4 and QuickTime files
_AGAIN = "Export it again, as MP4 (H.264), and try once more."


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One frame: ``time`` in seconds, ``pixels`` uint8 (3, H, W), RGB, upright."""

    time: float
    pixels: torch.Tensor


class Clip(Protocol):
    """A video or a drawn clip.

    ``count`` is the number of frames by packets, at most MAX_FRAMES. ``rate`` is the average of frames per second.
    """

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def drawn(self) -> bool: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    def frames(self, start: int = 0) -> Iterator[Moment]:
        """Yield the frames from number ``start`` on. Raises BadVideo when it reaches damage."""


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """An encoded video.

    Args:
        digest: sha256 of its bytes.
        kind: FFmpeg's name of the container.
        width, height: size of its upright frames.
        notes: what was left out or changed, in plain words.
    """

    data: bytes
    digest: str
    name: str
    kind: str
    width: int
    height: int
    count: int
    rate: float
    notes: tuple[str, ...] = ()
    drawn: bool = False

    def frames(self, start: int = 0) -> Iterator[Moment]:
        """Yield the frames from number ``start`` on. Raises BadVideo when it reaches damage.

        Earlier frames are decoded too, because later ones depend on them, but not converted to pixels.
        """
        size = (self.width, self.height)
        for k, frame in enumerate(decode_frames(self.data, self.kind, self.name)):
            if k >= start:
                pixels = _upright(frame)
                if (actual := (pixels.shape[2], pixels.shape[1])) != size:
                    got = f"has a frame of {actual[0]} x {actual[1]} pixels after {k} of {size[0]} x {size[1]}."
                    raise _bad(self.name, got, "All its frames must have one size.", _AGAIN)
                yield Moment(k / self.rate if frame.pts is None else float(frame.time), pixels)


def open_video(source: bytes | Path, name: str) -> Video:
    """Return the video in bytes or in a file, after decoding its first frame. Raises BadVideo.

    A truncated file opens if its start can be decoded; reading its frames then raises BadVideo at the end. WebM and GIF
    do not state their length, so there a truncated file is a shorter video.
    """
    data = _bytes(source, name)
    kind = _kind(data)
    if kind is None:
        raise _bad(name, f"is no {KINDS}.", f"It should be a video ({KINDS}).", _AGAIN)
    with _opened(data, kind, name) as (container, stream):
        packets, rate = 0, float(stream.average_rate or 25)
        for packet in container.demux(stream):
            packets += packet.size > 0
            if packets > MAX_FRAMES:
                break
    if packets == 1:
        raise _bad(
            name,
            "has a single frame.",
            "A video has two frames or more.",
            "Drop it in as a photograph, in the sidebar.",
        )
    first = next(decode_frames(data, kind, name), None)
    if first is None:
        raise _bad(name, "has no frame that can be decoded.", "A video has two frames or more.", _AGAIN)
    _, height, width = _upright(first).shape
    notes = (f"only its first {MAX_FRAMES} frames are measured",) if packets > MAX_FRAMES else ()
    return Video(
        data, hashlib.sha256(data).hexdigest(), name, kind, width, height, min(packets, MAX_FRAMES), rate, notes
    )


def corner(clip: Clip, size: int, centre: tuple[float, float]) -> tuple[int, int]:
    """Return the corner (x, y) of the S x S square around ``centre``, shifted to be inside the frame.

    The centre is in fractions of width and height. Raises BadVideo if the frame is smaller than the square.
    """
    if min(clip.width, clip.height) < size:
        raise BadVideo(
            f"The video has {clip.width} x {clip.height} pixels.",
            f"It needs at least {size} x {size}, the network's input, because frames are cropped and never enlarged.",
            "Choose a larger video, or a network with a smaller input.",
        )
    x, y = (
        min(max(round(share * length - size / 2), 0), length - size)
        for share, length in zip(centre, (clip.width, clip.height), strict=True)
    )
    return x, y


def squares(clip: Clip, size: int, centre: tuple[float, float], start: int = 0) -> Iterator[Moment]:
    """Yield the frames from number ``start`` on, cropped to the S x S square around ``centre`` without resampling."""
    x, y = corner(clip, size, centre)
    for moment in clip.frames(start):
        yield Moment(moment.time, moment.pixels[:, y : y + size, x : x + size].clone())


def encode(clip: Clip) -> bytes:
    """Return a lossy copy as MP4 (H.264), for a player."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(clip.rate), options={"preset": "veryfast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = clip.width // 2 * 2, clip.height // 2 * 2, "yuv420p"
        for moment in clip.frames():
            pixels = moment.pixels[:, : stream.height, : stream.width].permute(1, 2, 0).numpy()
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _bytes(source: bytes | Path, name: str) -> bytes:
    """Return a file's bytes. Raises BadVideo if it is empty, too large or unreadable."""
    try:
        length = len(source) if isinstance(source, bytes) else source.stat().st_size
        if length > MAX_BYTES:
            got, wanted = f"has {length / 2**20:.0f} MB.", f"The app reads at most {MAX_BYTES // 2**20} MB."
            raise _bad(name, got, wanted, "Cut a shorter piece of it.")
        data = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise _bad(
            name, f"cannot be read from {source!s} ({error.strerror}).", "The file must be readable.", "Check the path."
        ) from None
    if not data:
        raise _bad(
            name, "is an empty file.", "It should be a video.", "Choose the file again; the transfer may have failed."
        )
    return data


def _kind(data: bytes) -> str | None:
    """Return FFmpeg's name of the container that the first bytes indicate, or None for another type."""
    if data[4:8] in _BOXES:
        return "mov"
    return "gif" if data[:4] == b"GIF8" else "matroska" if data[:4] == b"\x1a\x45\xdf\xa3" else None


@contextmanager
def _opened(data: bytes, kind: str, name: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the container and its first video stream. FFmpeg's errors meanwhile become BadVideo."""
    import av
    from av.stream import Disposition

    try:
        with av.open(io.BytesIO(data), "r", format=kind, metadata_errors="replace") as container:
            streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not streams:
                what = "has only sound." if container.streams.audio else "has no pictures."
                raise _bad(name, what, "It should be a video.", "Choose another file.")
            stream = streams[0]
            if stream.codec_context is None:
                raise _bad(name, "has an unknown video codec.", "The app reads H.264, VP9 and the like.", _AGAIN)
            if stream.width * stream.height > MAX_PIXELS:
                got = f"has frames of {stream.width} x {stream.height} pixels."
                wanted = "The app reads at most 4096 x 2304 (4K)."
                raise _bad(name, got, wanted, "Export it smaller, for instance as 1080p.")
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # in case a frame is larger than announced
            yield container, stream
    except (av.FFmpegError, OSError) as error:  # some of FFmpeg's errors are OSErrors in PyAV
        raise _bad(
            name, f"is a damaged or truncated file ({error.strerror}).", "It should be a whole video.", _AGAIN
        ) from None


def decode_frames(data: bytes, kind: str, name: str) -> Iterator[VideoFrame]:
    """Yield at most MAX_FRAMES frames in the order in which they are shown. Raises BadVideo."""
    import av

    done, packets = 0, 0
    with _opened(data, kind, name) as (container, stream):
        damaged = partial(
            _bad, name, accepted="It should be a whole video.", remedy=f"The frames before it are measured. {_AGAIN}"
        )
        try:
            for packet in container.demux(stream):
                packets += packet.size > 0
                for frame in packet.decode():
                    yield frame
                    done += 1
                    if done == MAX_FRAMES:
                        return
        except (av.FFmpegError, OSError) as error:
            if not done:
                raise
            raise damaged(happened=f"is damaged or cut after {done} frames ({error.strerror}).") from None
        if done and packets < stream.frames:
            raise damaged(happened=f"ends after {packets} of its {stream.frames} frames.")


def _upright(frame: VideoFrame) -> torch.Tensor:
    """Return a frame as uint8 (3, H, W), rotated as the file says, on white where transparent."""
    if any(component.is_alpha for component in frame.format.components):
        image = Image.fromarray(frame.to_ndarray(format="rgba"))
        pixels = np.array(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))
    else:
        pixels = frame.to_ndarray(format="rgb24")
    turns = (
        round(frame.rotation / 90) if abs(frame.rotation) <= 360 else 0
    )  # FFmpeg returns other values for a broken matrix
    return torch.from_numpy(np.ascontiguousarray(np.rot90(pixels, turns))).permute(2, 0, 1)


def _bad(name: str, happened: str, accepted: str, remedy: str) -> BadVideo:
    return BadVideo(f"{name!r} {' '.join(happened.split())}", accepted, remedy)
