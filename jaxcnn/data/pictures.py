"""A picture file of any kind and size -> uint8 [height, width, channels]."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps

from jaxcnn.errors import UserError

Fit = Literal["crop", "pad", "stretch"]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
WHITE = (255, 255, 255)
ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held; from 5 on, on its side."""
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
Choose = Callable[[int, int], tuple[float, float, float, float]]
"""(width, height) -> a box (left, top, right, bottom)."""


@dataclass(frozen=True)
class Reading:
    """How pictures are read: side (0: as they are), how they are fitted, and what to do with a broken one."""

    side: int = 0
    fit: Fit = "crop"
    skip_broken: bool = False
    resize: int = 0
    """Pixels of the shorter side before the middle is cut out; 0: as many as the side."""


class BrokenPicture(UserError):
    """A file that should be a picture and cannot be read."""


def is_picture(path: Path) -> bool:
    """Whether a file's name says so; hidden files are none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read(
    path: str | Path, height: int = 0, width: int = 0, fit: Fit = "crop", channels: int = 3, resize: int = 0
) -> np.ndarray:
    """The first frame of a file, upright, on white where it is transparent: [height, width, channels] uint8.

    `fit`, for another shape: `crop` scales the shorter side (to `resize` pixels, if that is given) and cuts out the
    middle, `pad` scales the longer side and fills with black, `stretch` scales both. Without height and width the size
    stays. Pictures are smoothed before they are made smaller.
    Raises: BrokenPicture, naming the file.
    """
    try:
        with Image.open(path) as image:
            return fitted(image, height, width, fit, channels, resize)
    except UNREADABLE as error:
        raise broken(path, error) from None


def broken(path: str | Path, error: Exception) -> BrokenPicture:
    return BrokenPicture(f"{path} is not a picture that can be read: {error}")


def fitted(
    image: Image.Image, height: int = 0, width: int = 0, fit: Fit = "crop", channels: int = 3, resize: int = 0
) -> np.ndarray:
    """A picture as `read` gives it."""
    picture = _eight_bits(ImageOps.exif_transpose(image))
    if resize and height and fit == "crop":
        picture = _middle(picture, (width, height), resize)
    elif height and (picture.height, picture.width) != (height, width):
        picture = FITS[fit](picture, (width, height))
    return np.asarray(picture.convert("RGB" if channels == 3 else "L")).reshape(picture.height, picture.width, channels)


def _eight_bits(image: Image.Image) -> Image.Image:
    """RGB, whatever it was: palette, gray, 16 bits, CMYK, or transparent."""
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float64)
        return Image.fromarray(np.clip(values / (257 if values.max(initial=0) > 255 else 1), 0, 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        above = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", above.size, (*WHITE, 255)), above).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def cropped(path: str | Path, side: int, choose: Choose) -> np.ndarray:
    """What is in a box of an upright picture, scaled to [side, side, 3] uint8; `choose` gives the box for its size.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that is still enough.
    Raises: BrokenPicture, naming the file.
    """
    try:
        with Image.open(path) as image:
            picture: Image.Image = image
            # Of a JPEG, the tags are among what is read first; where there are none, to ask takes time.
            if (image.format != "JPEG" or "exif" in image.info) and image.getexif().get(ORIENTATION, 1) != 1:
                picture = ImageOps.exif_transpose(image)
            width, height = picture.size
            left, top, right, bottom = choose(width, height)
            if picture is image and image.format == "JPEG":
                wanted = math.ceil(width * side / (right - left)), math.ceil(height * side / (bottom - top))
                image.draft(image.mode, wanted)
            across, down = picture.width / width, picture.height / height
            box = left * across, top * down, min(right * across, picture.width), min(bottom * down, picture.height)
            return np.asarray(_eight_bits(picture).resize((side, side), Image.Resampling.BILINEAR, box=box))
    except UNREADABLE as error:
        raise broken(path, error) from None


def _middle(picture: Image.Image, size: tuple[int, int], resize: int) -> Image.Image:
    """The middle of a picture whose shorter side is scaled to `resize` pixels, in one step."""
    scale = min(picture.size) / resize
    wide, tall = (min(pixels * scale, edge) for pixels, edge in zip(size, picture.size, strict=True))
    left, top = (picture.width - wide) / 2, (picture.height - tall) / 2
    return picture.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + wide, top + tall))


def _crop(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(picture, size, Image.Resampling.BICUBIC)


def _pad(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.pad(picture, size, Image.Resampling.BICUBIC)


def _stretch(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return picture.resize(size, Image.Resampling.BICUBIC)


FITS: dict[str, Any] = {"crop": _crop, "pad": _pad, "stretch": _stretch}
