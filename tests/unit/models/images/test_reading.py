from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from models.images.reading import (
    REASONS,
    PictureLimits,
    PictureRefused,
    encode_clean,
    read_picture,
    thumbnail,
)
from tests.unit.models.images.bad_pictures import bad_pictures, drawn, saved

BAD = bad_pictures()
LIMITS = PictureLimits(max_bytes=2_000_000)
# EXIF orientation -> the operation that turns an upright picture into the picture that is stored with it.
HELD = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
GPS = {1: "N", 2: (52.0, 22.0, 12.5), 3: "E", 4: (4.0, 53.0, 42.0)}


def read(data: bytes, **limits: int) -> np.ndarray:
    return read_picture(data, PictureLimits(**limits)).pixels


def read_or_refused(data: bytes) -> str:
    try:
        read_picture(data, LIMITS)
    except PictureRefused as refused:
        return refused.reason
    return "read"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_reason(name: str) -> None:
    data, reason = BAD[name]
    with pytest.raises(PictureRefused) as refused:
        read_picture(data, LIMITS)
    assert refused.value.reason == reason, refused.value
    assert refused.value.detail


def test_forty_bad_files_show_every_reason() -> None:
    assert len(BAD) >= 40
    assert {reason for _, reason in BAD.values()} == set(REASONS)


@pytest.mark.parametrize("cut", range(1, 20))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_cut_anywhere_is_refused_and_never_breaks_the_night(form: str, cut: int) -> None:
    data = saved(drawn(), form)
    assert read_or_refused(data[: len(data) * cut // 20]) in {"truncated", "damaged", "not_a_picture"}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_flipped_bytes_are_read_or_refused(form: str) -> None:
    data, dice = saved(drawn(), form), np.random.default_rng(3)
    for _ in range(60):
        broken = bytearray(data)
        for place in dice.integers(0, len(data), 4):
            broken[place] = dice.integers(256)
        assert read_or_refused(bytes(broken)) in {*REASONS, "read"}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_formats_that_are_read(form: str) -> None:
    picture = read_picture(saved(drawn(), form))
    assert picture.format == form
    assert picture.pixels.shape == (48, 64, 3)
    assert np.abs(picture.pixels[4, 40].astype(int) - (200, 30, 40)).max() < 30


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_stands_upright(orientation: int) -> None:
    lying = drawn() if orientation == 1 else drawn().transpose(HELD[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(saved(lying, "PNG", exif=exif))
    assert (picture.width, picture.height) == (64, 48)
    assert np.array_equal(picture.pixels, np.asarray(drawn()))


def test_impossible_exif_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert np.array_equal(read(saved(drawn(), "PNG", exif=exif)), np.asarray(drawn()))
    assert read(saved(drawn(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")).shape == (48, 64, 3)


def test_print_colours_become_screen_colours() -> None:
    pixels = read(saved(Image.new("RGB", (40, 40), (255, 255, 255)).convert("CMYK"), "JPEG"))
    assert pixels.min() > 250
    red = read(saved(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG"))
    assert red[..., 0].min() > 200
    assert red[..., 1:].max() < 60


def test_a_colour_profile_is_applied() -> None:
    """The colours of a file with an unusual colour profile must not be read from its bare numbers."""
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    assert read(saved(drawn(), "PNG", icc_profile=linear)).shape == (48, 64, 3)
    assert np.array_equal(read(saved(drawn(), "PNG", icc_profile=b"no profile")), np.asarray(drawn()))


def swapped_profile() -> bytes:
    """A profile like sRGB's in which red and blue have changed places."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = data.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")).replace(b"sRGB", b"swap")
    return data.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_colour_profile_counts_in_pictures_of_every_kind(mode: str) -> None:
    image = Image.new("RGB", (40, 40), (250, 10, 10)).convert(mode)
    if mode == "RGBA":
        image.putpixel((0, 0), (0, 0, 0, 0))
    pixels = read(saved(image, "PNG", icc_profile=swapped_profile()))
    assert pixels[20, 20, 2] > 200
    assert pixels[20, 20, 0] < 80


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = drawn().convert(mode)
    image.putalpha(Image.new("L", image.size, 0))
    image.paste(drawn(8, 8).convert(mode), (0, 0))
    assert (read(saved(image, "PNG"))[20:] == 255).all()


def test_a_see_through_palette_is_laid_on_white() -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([0, 0, 0, 250, 10, 10])
    image.paste(1, (0, 0, 20, 40))
    pixels = read(saved(image, "GIF", transparency=0))
    assert (pixels[:, 30:] == 255).all()
    assert (pixels[:, :20] == (250, 10, 10)).all()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_its_first_picture(form: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("blue", "red", "lime")]
    options = {"lossless": True} if form == "WEBP" else {}
    pixels = read(saved(frames[0], form, save_all=True, append_images=frames[1:], **options))
    assert (pixels == (0, 0, 255)).all()


def test_sixteen_bits_keep_their_shades() -> None:
    shades = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    pixels = read(saved(Image.fromarray(shades), "PNG"))
    assert pixels[0, 0, 0] == 0
    assert pixels[-1, -1, 0] == 255
    assert 120 < pixels[32, 0, 0] < 136


def test_a_large_picture_is_reduced_and_its_size_is_told() -> None:
    picture = read_picture(saved(drawn(1600, 800), "JPEG"), PictureLimits(kept_side=200))
    assert picture.pixels.shape == (100, 200, 3)
    assert (picture.width, picture.height) == (1600, 800)


def test_bytes_after_the_picture_do_not_matter() -> None:
    assert read(saved(drawn(), "PNG") + b"<script>alert(1)</script>").shape == (48, 64, 3)


def test_clean_bytes_contain_only_pixels() -> None:
    exif = Image.Exif()
    exif[0x8825], exif[0x010F] = GPS, "SecretCamera"
    options = {"exif": exif, "comment": b"SecretWord", "icc_profile": b"SecretProfile"}
    dirty = saved(drawn(), "JPEG", **options)
    assert b"Secret" in dirty
    picture = read_picture(dirty + b"SecretTail")
    for clean in (encode_clean(picture.pixels), thumbnail(picture.pixels, 32)):
        assert b"Exif" not in clean
        assert b"Secret" not in clean
        again = Image.open(io.BytesIO(clean))
        assert not again.getexif()
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_clean_bytes_are_the_same_each_time_and_read_again() -> None:
    pixels = read(saved(drawn(), "PNG"))
    assert encode_clean(pixels) == encode_clean(pixels)
    assert read(encode_clean(pixels)).shape == pixels.shape
    assert max(Image.open(io.BytesIO(thumbnail(pixels, 20))).size) == 20


@pytest.mark.parametrize("bad", [{"min_side": 0}, {"quality": 96}, {"max_ratio": 0.5}, {"kept_side": 8}])
def test_limits_that_make_no_sense_are_refused(bad: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        PictureLimits(**bad)
