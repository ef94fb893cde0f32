"""Bad picture files like those that people send, made by code; all must be refused: name -> (bytes, reason)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image


def drawn(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A picture with a mark on each side, so that a rotation or a cut can be seen."""
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    pixels[: height // 2] = (200, 30, 40)
    pixels[:, : width // 4] = (20, 40, 220)
    return Image.fromarray(pixels).convert(mode)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims this many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _iso_media(brand: bytes) -> bytes:
    return struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0" + brand + b"isom" + b"\0" * 200


def _zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("picture.jpg", saved(drawn(), "JPEG"))
    return out.getvalue()


def bad_pictures() -> dict[str, tuple[bytes, str]]:
    jpeg, png = saved(drawn(), "JPEG"), saved(drawn(), "PNG")
    gif, webp = saved(drawn(), "GIF"), saved(drawn(), "WEBP")
    bmp, tiff = saved(drawn(), "BMP"), saved(drawn(), "TIFF")
    bad_crc = bytearray(png)
    bad_crc[png.index(b"IDAT") + 8] ^= 0xFF
    no_tables = jpeg[: jpeg.index(b"\xff\xdb")] + jpeg[jpeg.index(b"\xff\xc0") :]
    utf16 = "﻿not a picture".encode("utf-16-le")
    return {
        "empty.jpg": (b"", "empty"),
        "large.jpg": (jpeg + b"\0" * 3_000_000, "too_many_bytes"),
        "phone.heic": (_iso_media(b"heic"), "unsupported_format"),
        "phone_called.jpg": (_iso_media(b"mif1"), "unsupported_format"),
        "new.avif": (_iso_media(b"avif"), "unsupported_format"),
        "film.mp4": (_iso_media(b"mp42"), "unsupported_format"),
        "film.webm": (b"\x1aE\xdf\xa3" + b"\0" * 100, "unsupported_format"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>', "unsupported_format"),
        "drawing_with_head.svg": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg></svg>', "unsupported_format"),
        "sheet.pdf": (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", "unsupported_format"),
        "layers.psd": (b"8BPS\0\1" + b"\0" * 100, "unsupported_format"),
        "print.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "unsupported_format"),
        "favicon.ico": (b"\x00\x00\x01\x00\x01\x00" + b"\0" * 40, "unsupported_format"),
        "next.jxl": (b"\xff\x0a" + b"\1" * 60, "unsupported_format"),
        "old.jp2": (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\0" * 40, "unsupported_format"),
        "floats.tiff": (saved(Image.fromarray(np.ones((40, 40), np.float32)), "TIFF"), "unsupported_format"),
        "text.jpg": (b"Please find the picture attached.\n", "not_a_picture"),
        "text_of_shop_BM.jpg": (b"BM is the code of our Birmingham shop.", "not_a_picture"),
        "text_utf16.png": (utf16, "not_a_picture"),
        "page.jpg": (b"<!doctype html><title>404 Not Found</title>", "not_a_picture"),
        "error.png": (b'{"error": "access denied"}', "not_a_picture"),
        "pointer.jpg": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "not_a_picture"),
        "archive.jpg": (_zipped(), "not_a_picture"),
        "zeros.jpg": (b"\0" * 4096, "not_a_picture"),
        "sound.webp": (b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 40, "not_a_picture"),
        "program.gif": (b"\x7fELF" + b"\0" * 100, "not_a_picture"),
        "noise.jpg": (np.random.default_rng(1).bytes(2000), "not_a_picture"),
        "bomb.png": (png_claiming(50_000, 50_000), "too_many_pixels"),
        "half_a_bomb.png": (png_claiming(9_000, 9_000), "too_many_pixels"),
        "bomb.gif": (gif[:6] + struct.pack("<HH", 65_535, 65_535) + gif[10:], "too_many_pixels"),
        "rule.png": (saved(Image.new("RGB", (10_000, 10)), "PNG"), "too_thin"),
        "spacer.gif": (saved(Image.new("RGB", (1, 900)), "GIF"), "too_thin"),
        "counter.gif": (saved(Image.new("RGB", (1, 1)), "GIF"), "too_small"),
        "icon.png": (saved(drawn(15, 40), "PNG"), "too_small"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "most.jpg": (jpeg[: len(jpeg) * 9 // 10], "truncated"),
        "half.png": (png[: len(png) // 2], "truncated"),
        "half.gif": (gif[: len(gif) // 2], "truncated"),
        "half.webp": (webp[: len(webp) // 2], "truncated"),
        "half.bmp": (bmp[: len(bmp) // 2], "truncated"),
        "half.tiff": (saved(drawn(), "TIFF", compression="tiff_adobe_deflate")[:-400], "damaged"),
        "head_only.jpg": (jpeg[:20], "damaged"),
        "head_only.png": (png[:12], "damaged"),
        "head_only.tiff": (tiff[:6], "damaged"),
        "flipped.png": (bytes(bad_crc), "damaged"),
        "no_tables.jpg": (no_tables, "damaged"),
        "unseen.png": (saved(Image.new("RGBA", (40, 40), (9, 9, 9, 0)), "PNG"), "transparent"),
        "unseen.gif": (saved(Image.new("P", (40, 40), 3), "GIF", transparency=3), "transparent"),
    }
