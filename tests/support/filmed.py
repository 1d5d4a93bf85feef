"""Videos made by PyAV, good and bad: what somebody may drop in."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]  # (H, W, 3)
FORMATS = {
    "mp4": ("libx264", "yuv420p"),
    "mov": ("png", "rgb24"),
    "webm": ("libvpx-vp9", "yuv420p"),
    "gif": ("gif", "rgb8"),
}
MILLI = Fraction(1, 1000)


def noise(count: int, height: int = 60, width: int = 80) -> list[Pixels]:
    """Frames that all differ."""
    return list(np.random.default_rng([count, height, width]).integers(0, 256, (count, height, width, 3), np.uint8))


def film(
    frames: Sequence[Pixels], kind: str = "mov", *, times: Sequence[float] | None = None, file: Path | None = None
) -> bytes:
    """A video of that container; MOV is lossless (PNG). ``times`` in seconds, else 25 frames a second.

    ``file``: written there with its index first, so that it can be cut and still be opened.
    """
    codec, pixels = FORMATS[kind]
    target = io.BytesIO() if file is None else str(file)
    options = {} if file is None else {"movflags": "faststart"}
    with av.open(target, "w", format=kind, options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixels
        if times is not None:
            stream.time_base = stream.codec_context.time_base = MILLI
        for k, frame in enumerate(frames):
            made = av.VideoFrame.from_ndarray(frame, format="rgb24")
            if times is not None:
                made.pts, made.time_base = round(1000 * times[k]), MILLI
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return target.getvalue() if isinstance(target, io.BytesIO) else Path(target).read_bytes()


def sound() -> bytes:
    """An MP4 file without pictures."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        container.mux([*stream.encode(silence), *stream.encode(None)])
    return buffer.getvalue()


def empty(kind: str) -> bytes:
    """A video that announces a stream of pictures and holds none."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as container:
        stream = container.add_stream(FORMATS[kind][0], rate=25)
        stream.width, stream.height, stream.pix_fmt = 80, 60, FORMATS[kind][1]
        container.start_encoding()
    return buffer.getvalue()


def turned(data: bytes, quarters: int) -> bytes:
    """The same MP4 or MOV file, to be shown turned clockwise so many times, as telephones say it."""
    cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][quarters]
    matrix = struct.pack(">9i", cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    at = data.index(b"tkhd") + 44
    return data[:at] + matrix + data[at + len(matrix) :]
