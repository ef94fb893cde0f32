"""Tells the kind of a file by its first bytes, whatever the file is called. Nothing is decoded here."""

from __future__ import annotations

# First bytes of files that people send as pictures and that are not read: (offset, bytes, what it is).
_OTHER_FILES = (
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"\x00\x00\x01\x00", "icon"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (0, b"\xffO\xffQ", "JPEG 2000"),
    (0, b"FUJIFILM", "camera raw"),
    (0, b"II*\x00\x10\x00\x00\x00CR", "camera raw"),
    (0, b"\x1aE\xdf\xa3", "video"),
)
_BMP_HEADS = (12, 16, 40, 52, 56, 64, 108, 124)  # bytes of a BMP's second header, by its version
_PHONE_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC"}
_HEADS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF8": "GIF", b"BM": "BMP", b"II*\x00": "TIFF",
          b"MM\x00*": "TIFF"}  # fmt: skip


def other_kind(data: bytes) -> str | None:
    """The kind of a file that is known but cannot be read; None for all other files."""
    for offset, first, kind in _OTHER_FILES:
        if data[offset : offset + len(first)] == first:
            return kind
    if data[4:8] == b"ftyp":  # a box of ISO media: phones' pictures, else a film
        return next((kind for brand, kind in _PHONE_BRANDS.items() if brand in data[8:40]), "video")
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in data[:4096].lower():
        return "SVG"
    return "SVG" if data[:2] == b"\x1f\x8b" and data[3:4] == b"\x08" and b".svg" in data[:100] else None


def begun_kind(data: bytes) -> str | None:
    """The kind of picture that the first bytes claim, true or not; None where they claim no picture."""
    if data.startswith(b"RIFF"):  # which holds sound and films too
        return "WebP" if data[8:12] == b"WEBP" else None
    return next((kind for head, kind in _HEADS.items() if data.startswith(head)), None)


def is_text_called_bmp(data: bytes) -> bool:
    """Whether bytes begin with BMP's letters, but without its header: a text may begin with BM."""
    return data.startswith(b"BM") and int.from_bytes(data[14:18], "little") not in _BMP_HEADS


def bytes_of_webp(data: bytes) -> int:
    """The number of bytes that a WebP says it has; 0 for another file."""
    return int.from_bytes(data[4:8], "little") + 8 if begun_kind(data) == "WebP" else 0
