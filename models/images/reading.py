"""A picture's bytes -> upright RGB pixels, or the reason why it is refused; and clean bytes without any metadata.

Pictures come from strangers. Nothing is decoded before its format, its size in bytes and its size in pixels are known,
and what Pillow raises for broken bytes becomes a reason. Only pixels are kept: `encode_clean` drops EXIF with its
place and time, colour profiles, comments, and whatever else a file carries beside its picture.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from models.core.config import check_bounds
from models.images.file_kinds import begun_kind, bytes_of_webp, is_text_called_bmp, other_kind

Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")  # a phone's MPO opens as the JPEG that it begins with

# Why a picture is refused, in the order of the checks: the first reason that applies is named.
REASONS = {
    "empty": "The file has no bytes.",
    "too_many_bytes": "The file is larger than the setting `max_bytes`.",
    "unsupported_format": "A picture or document of a kind that is not read, such as HEIC, SVG or PDF.",
    "not_a_picture": "The bytes are no picture, whatever the file is called.",
    "too_many_pixels": "It would unpack to more pixels than the setting `max_pixels`: a mistake, or an attack.",
    "too_thin": "Its longer side is more than `max_ratio` times its shorter one: a rule or a spacer.",
    "too_small": "Its shorter side has fewer pixels than the setting `min_side`.",
    "truncated": "The file ends before its picture does.",
    "damaged": "Its bytes break the rules of its own format.",
    "transparent": "No pixel of it can be seen.",
}


@dataclass(frozen=True)
class PictureLimits:
    """What a picture may be, and how much of it is kept. Sides are in pixels."""

    max_bytes: int = field(default=20_000_000, metadata={"doc": "larger files are refused unread", "least": 1})
    max_pixels: int = field(
        default=40_000_000,  # a phone's picture has 12 to 50 million
        metadata={"doc": "pictures of more pixels are refused before they are unpacked", "least": 1},
    )
    max_ratio: float = field(default=20.0, metadata={"doc": "longer side by shorter side, at most", "least": 1})
    min_side: int = field(default=16, metadata={"doc": "pixels of the shorter side, at least", "least": 1})
    kept_side: int = field(
        default=512, metadata={"doc": "a larger picture is reduced to so many pixels of its longer side", "least": 16}
    )
    quality: int = field(default=90, metadata={"doc": "quality of the JPEG that is kept", "least": 1, "most": 95})

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Picture:
    """One picture that may be used: pixels (height, width, 3) RGB, upright, on white; and what arrived."""

    pixels: Pixels
    format: str  # of the file that arrived: one of FORMATS, or MPO
    width: int  # of the picture that arrived, upright, before it was reduced
    height: int


class PictureRefused(ValueError):
    """A picture that may not be used: `reason` is a key of REASONS, `detail` says what was seen."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def read_picture(data: bytes, limits: PictureLimits | None = None) -> Picture:
    """The picture in `data`: the first frame of an animation, the first page of several.

    Upright by its EXIF orientation, in the colours of sRGB, transparency laid on white, 16 bits reduced to 8, and
    reduced to `limits.kept_side`. Raises PictureRefused.
    """
    limits = limits or PictureLimits()
    _check_bytes(data, limits)
    with warnings.catch_warnings():  # Pillow warns of what is checked here: large pictures, odd EXIF
        warnings.simplefilter("ignore")
        with _opened(data) as image:
            _check_size(*image.size, limits)
            file_format = image.format or ""
            try:
                before = image.size
                image.draft("RGB" if image.mode == "RGB" else None, (limits.kept_side, limits.kept_side))
                image.load()
                upright, turned = _upright(image)
                pixels = _pixels_on_white(upright, limits.kept_side)
            except PictureRefused:
                raise
            except Exception as error:
                # Pillow's readers raise OSError, SyntaxError, ValueError, struct.error, zlib.error, IndexError and
                # more for broken bytes; each of them means broken bytes.
                raise _broken(error) from None
    width, height = before[::-1] if turned else before
    return Picture(pixels, file_format, width, height)


def encode_clean(pixels: Pixels, quality: int = PictureLimits.quality) -> bytes:
    """A JPEG of the pixels (h, w, 3) and of nothing else; the same pixels always give the same bytes."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(
        out, "JPEG", quality=quality, subsampling=0, optimize=False, exif=b"", icc_profile=None
    )
    return out.getvalue()


def clean_pixels(data: bytes) -> Pixels:
    """Pixels (h, w, 3) of a JPEG that `encode_clean` made; files from strangers go to `read_picture`."""
    return np.asarray(Image.open(io.BytesIO(data)))


def thumbnail(pixels: Pixels, side: int, quality: int = 80) -> bytes:
    """A small clean JPEG, at most `side` pixels wide and high, for a page."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return encode_clean(np.asarray(image), quality)


def _check_bytes(data: bytes, limits: PictureLimits) -> None:
    if not data:
        raise PictureRefused("empty", "0 bytes")
    if len(data) > limits.max_bytes:
        raise PictureRefused("too_many_bytes", f"{len(data):,} bytes; at most {limits.max_bytes:,}")
    if kind := other_kind(data):
        raise PictureRefused("unsupported_format", f"a file of the kind {kind}; send JPEG, PNG, WebP, GIF, BMP or TIFF")
    if is_text_called_bmp(data):
        raise PictureRefused("not_a_picture", f"begins with {data[:16]!r}")
    if (promised := bytes_of_webp(data)) > len(data):
        raise PictureRefused("truncated", f"{len(data):,} of {promised:,} bytes")


def _opened(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureRefused("too_many_pixels", str(error).partition(" (")[0]) from None
    except Image.UnidentifiedImageError:
        if kind := begun_kind(data):
            raise PictureRefused("damaged", f"begins as {kind}, but its head cannot be read") from None
        raise PictureRefused("not_a_picture", f"begins with {data[:16]!r}") from None
    except Exception as error:
        raise _broken(error) from None


def _check_size(width: int, height: int, limits: PictureLimits) -> None:
    size = f"{width:,} x {height:,} pixels"
    if width * height > limits.max_pixels:
        raise PictureRefused("too_many_pixels", f"{size}; at most {limits.max_pixels:,} in all")
    shorter, longer = sorted((width, height))
    if longer > limits.max_ratio * max(shorter, 1):
        raise PictureRefused("too_thin", f"{size}; the longer side may be {limits.max_ratio:g} times the shorter one")
    if shorter < limits.min_side:
        raise PictureRefused("too_small", f"{size}; at least {limits.min_side} each way")


def _upright(image: Image.Image) -> tuple[Image.Image, bool]:
    """The upright picture, and whether its width and height have changed places."""
    try:
        orientation = image.getexif().get(0x0112, 1)
        return ImageOps.exif_transpose(image), orientation in (5, 6, 7, 8)
    except Exception:  # broken EXIF says nothing about the pixels
        return image, False


def _pixels_on_white(image: Image.Image, side: int) -> Pixels:
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() == (0, 0):
            raise PictureRefused("transparent", "each pixel is fully transparent")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = _in_srgb(image, profile)
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.array(image, np.uint8)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 or 32 bits reduced to 8; Pillow alone would clip values above 255."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        raise PictureRefused("unsupported_format", "pixels are floating-point numbers; send 8 or 16 bits")
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB in the colours of sRGB, by the profile that the file carries where it has a usable one."""
    if image.mode not in ("RGB", "CMYK", "L"):  # a palette, or what was transparent: its numbers are RGB
        image = image.convert("RGB")
    if profile:
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(embedded).lower():
                converted = ImageCms.profileToProfile(image, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return converted if converted is not None else image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile of another kind of colours, or no profile: its numbers are taken as they are
    return image.convert("RGB")


def _broken(error: Exception) -> PictureRefused:
    message = str(error) or type(error).__name__
    cut_off = ("truncated", "unexpected end", "eof", "not enough", "incomplete", "premature", "no more images")
    if isinstance(error, EOFError) or any(word in message.lower() for word in cut_off):
        return PictureRefused("truncated", message)
    return PictureRefused("damaged", message)
