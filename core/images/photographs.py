"""Photographs from bytes. Every usual format is decoded correctly or refused with one sentence.

Pillow does the decoding, and pillow-heif that of HEIC. Colour profiles are kept beside the pixels, which ``colour``
converts.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError
from PIL.Image import Transpose

from ..errors import BadPhotograph
from .file_types import HEIC, guess_type
from .reduction import reduced_size

FORMATS = (
    "JPEG",
    "PNG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
    "AVIF",
)  # MPO is opened as JPEG and cannot be listed here; HEIF is opened by pillow-heif
MAX_BYTES = 100 * 2**20
MAX_PIXELS = 64_000_000  # 192 MB decoded; enough for a 48-megapixel phone
MIN_SIDE = 16
MAX_ASPECT = 12  # above 12.5 no square of 8 % of the area fits into the photograph (crop protocol)

_LIMIT = f"The app reads at most {MAX_PIXELS // 10**6} megapixels."
_SMALLER = f"The app reads at most {MAX_BYTES // 2**20} MB."
_WHOLE = "It should be a whole photograph."
_CANNOT_READ = "Save it again as JPEG or PNG and try once more."
_EXPORT = "Export it as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible)."
NCLX_P3 = b"nclx 12"  # in place of a profile: HEIF's number of Display P3's primaries
_HEIF = "HEIF"
_TURNED = "turned upright by its EXIF orientation"
_SUBFILE, _PHOTOMETRIC, _ORIENTATION = 254, 262, 274  # TIFF tags; subfile 1 is a preview, with which raw files start
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
# Errors of Pillow's parsers for damaged files (found by changing bytes at random). Caught around the parsers only.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    LookupError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
    EOFError,
    Image.DecompressionBombError,
)

# Pillow warns about every oddity in a file, and above 89 megapixels. The notes and errors here say what matters. The
# filter is permanent, because warnings.catch_warnings is not thread-safe and threads decode.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """A decoded photograph.

    Args:
        pixels: uint8 (3, H, W), RGB, upright.
        digest: sha256 of shape and pixels.
        label: class name, if known.
        notes: what decoding changed, in plain words.
        drawn: whether it is a scene of core.datasets.scenes and not a real photograph.
        profile: ICC profile of the file, or NCLX_P3; empty without one.
        unconverted: digest before the conversion to sRGB; empty where nothing was converted.
    """

    pixels: torch.Tensor
    digest: str
    name: str
    label: str | None = None
    notes: tuple[str, ...] = ()
    drawn: bool = False
    profile: bytes = field(default=b"", repr=False)
    unconverted: str = ""

    @property
    def width(self) -> int:
        """Width W in pixels."""
        return int(self.pixels.shape[2])

    @property
    def height(self) -> int:
        """Height H in pixels."""
        return int(self.pixels.shape[1])

    def image(self) -> Image.Image:
        """Return a copy as an RGB Pillow image."""
        return Image.fromarray(self.pixels.permute(1, 2, 0).numpy())


def photograph(image: Image.Image, name: str, label: str | None = None, notes: tuple[str, ...] = ()) -> Photograph:
    """Return an RGB Pillow image as a Photograph with its digest. Memory stays interleaved, as in Pillow."""
    array = np.array(image if image.mode == "RGB" else image.convert("RGB"))
    digest = hashlib.sha256(repr(array.shape).encode())
    digest.update(array.data)
    return Photograph(torch.from_numpy(array).permute(2, 0, 1), digest.hexdigest(), name, label, notes)


def decode(data: bytes, name: str, label: str | None = None) -> Photograph:
    """Return the photograph in a file's content. Raises BadPhotograph.

    Of animations the first frame is used, and transparent parts become white.
    """
    if not data:
        raise _bad(
            name,
            "is an empty file.",
            "It should be a photograph.",
            "Choose the file again; the transfer may have failed.",
        )
    if len(data) > MAX_BYTES:
        raise _bad(name, f"has {len(data) / 2**20:.0f} MB.", _SMALLER, "Save a smaller copy.")
    image = _open_header(data, name)
    _check_size(name, *image.size)
    depth = str(image.tile)  # contains the raw mode, such as "RGB;16B"; empty after loading
    notes: list[str] = []
    try:
        tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
        if tags.get(_SUBFILE) == 1:
            raise _bad(name, "is a camera's raw file.", "The app reads its developed photograph.", "Export it as JPEG.")
        if tags.get(_ORIENTATION) in _TURNS:
            notes.append(_TURNED)  # done by Pillow while loading
        image.load()
    except _BROKEN as error:
        reason = str(error) or type(error).__name__
        raise _bad(name, f"is a damaged or truncated file ({reason}).", _WHOLE, _CANNOT_READ) from None
    rgb = _upright(image, _to_rgb(image, depth, name, notes), notes)
    if image.format != "MPO" and _animated(image):  # an MPO's other frames are previews or stereo pairs
        notes.append("the primary one of several images" if image.format == _HEIF else "first of several frames")
    return replace(photograph(rgb, name, label, tuple(notes)), profile=_profile(image))


def _open_header(data: bytes, name: str) -> ImageFile.ImageFile:
    """Return the image with only its header read. Raises BadPhotograph."""
    kind = guess_type(data)
    try:
        if kind == HEIC:
            _register_heif()
        return Image.open(io.BytesIO(data), formats=(_HEIF,) if kind == HEIC else FORMATS)
    except UnidentifiedImageError:
        remedy = _EXPORT if kind == HEIC else _CANNOT_READ
        raise _bad(name, f"is {kind}.", "The app reads photographs (JPEG, PNG, WebP, HEIC, …).", remedy) from None
    except Image.DecompressionBombError:
        raise _bad(name, "has more than 179 megapixels.", _LIMIT, "Save a smaller copy.") from None
    except _BROKEN as error:
        raise _bad(name, f"is a broken file ({error}).", _WHOLE, _CANNOT_READ) from None


def read(path: Path, label: str | None = None) -> Photograph:
    """Return the photograph in a file. Raises BadPhotograph."""
    try:
        if path.stat().st_size > MAX_BYTES:
            size = path.stat().st_size / 2**20
            raise _bad(path.name, f"has {size:.0f} MB.", _SMALLER, "Save a smaller copy.")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise _bad(
            path.name,
            f"cannot be read from {path} ({reason}).",
            "The file must be readable.",
            "Check the path and its permissions.",
        ) from None
    return decode(data, path.name, label)


def reduce_to(source: Photograph, short_side: int | None) -> Photograph:
    """Return the photograph with its short side reduced to ``short_side`` pixels (bicubic, antialiased).

    Photographs are never enlarged, and None returns the photograph itself. A reduced one has a digest of its own.
    """
    size = reduced_size(source.width, source.height, short_side)
    if size == (source.width, source.height):
        return source
    note = f"reduced from {source.width} x {source.height} to {size[0]} x {size[1]}"
    small = source.image().resize(size, Image.Resampling.BICUBIC)
    return replace(photograph(small, source.name, source.label, (*source.notes, note)), drawn=source.drawn)


def _check_size(name: str, width: int, height: int) -> None:
    got = f"has {width} x {height} pixels."
    if width * height > MAX_PIXELS:
        raise _bad(name, got, _LIMIT, "Save a smaller copy.")
    if min(width, height) < MIN_SIDE:
        raise _bad(name, got, f"It needs at least {MIN_SIDE} pixels on each side.", "Choose a larger picture.")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise _bad(name, got, f"Its aspect ratio may be at most {MAX_ASPECT}:1.", "Cut it to a squarer shape.")


def _to_rgb(image: ImageFile.ImageFile, depth: str, name: str, notes: list[str]) -> Image.Image:
    mode = image.mode
    if mode in ("F", "LAB") or (mode == "I" and image.format != "PPM"):
        got = {"F": "floating-point pixels", "LAB": "Lab colours", "I": "32-bit or signed pixels"}[mode]
        raise _bad(
            name,
            f"has {got}.",
            "The app reads 8 or 16 bits a channel in grey, RGB or CMYK.",
            "Save it as an 8-bit PNG or JPEG.",
        )
    if mode.startswith("I"):
        notes.append("12 bits reduced to 8" if ";12" in depth else "16 bits reduced to 8")
        return Image.fromarray(_reduced(image, 4095 if ";12" in depth else 65535)).convert("RGB")
    if (bits := image.info.get("bit_depth", 8)) > 8:
        notes.append(f"{bits} bits reduced to 8")
    if image.info.get("original_orientation", 1) in _TURNS:
        notes.append(_TURNED)  # by pillow-heif
    if ";16" in depth:
        notes.append("16 bits reduced to 8")  # by Pillow, which drops the lower byte
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        if rgba.getchannel("A").getextrema() != (255, 255):
            notes.append("transparent parts laid on white")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _reduced(image: ImageFile.ImageFile, white: int) -> npt.NDArray[np.uint8]:
    """Return deep grey (H, W) as rounded uint8, with TIFF's WhiteIsZero and PNG's transparent grey applied."""
    values = np.asarray(image).astype(np.int64)
    clear = values == image.info.get("transparency", -1)
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == 0:
        values = white - values
    reduced = ((values * 255 + white // 2) // white).astype(np.uint8)
    reduced[clear] = 255
    return reduced


def _upright(image: ImageFile.ImageFile, rgb: Image.Image, notes: list[str]) -> Image.Image:
    """Return the image turned by its EXIF orientation. If the EXIF data are broken, only the orientation is lost."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return rgb
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except _BROKEN:
        notes.append("its EXIF data cannot be read, so it may not be upright")
        return rgb
    if turn is None:
        return rgb
    notes.append(_TURNED)
    return rgb.transpose(turn)


@cache
def _register_heif() -> None:
    """Teach Pillow HEIC, once; the library takes a quarter of a second to load."""
    import pillow_heif

    pillow_heif.register_heif_opener()


def _profile(image: ImageFile.ImageFile) -> bytes:
    """Return the ICC profile of a file, or what stands for one in HEIF."""
    profile: bytes | None = image.info.get("icc_profile")
    primaries = (image.info.get("nclx_profile") or {}).get("color_primaries")
    return profile or (NCLX_P3 if primaries == 12 else b"")


def _animated(image: ImageFile.ImageFile) -> bool:
    """Return whether more frames follow. Call it last, because seeking changes the image."""
    try:
        return bool(getattr(image, "is_animated", False))
    except _BROKEN:
        return True  # another frame follows, but it is damaged


def _bad(name: str, happened: str, accepted: str, remedy: str) -> BadPhotograph:
    return BadPhotograph(f"{name!r} {' '.join(happened.split())}", accepted, remedy)
