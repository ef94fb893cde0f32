"""Writes a generated picture as a PNG that says in its own metadata that it is generated.

The mark is IPTC's Digital Source Type. It is in XMP, where editors, search engines and archives look for it, and in
plain text. A PNG keeps every byte of the pixels that were not generated.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = f"{_TYPES}compositeWithTrainedAlgorithmicMedia"  # a trained network made a part of it
ALGORITHM = f"{_TYPES}algorithmicallyEnhanced"  # a rule changed it, not a network
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="{kind}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
_NAME, _TEXT = "DigitalSourceType", "Comment"


def marked_png(pixels: NDArray[np.uint8], by_network: bool) -> bytes:
    """PNG bytes of pixels (h, w, 3) with the mark and no other metadata; the same pixels give the same bytes."""
    kind = TRAINED if by_network else ALGORITHM
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", _XMP.format(kind=kind))
    info.add_text(_NAME, kind)
    info.add_text(_TEXT, "This picture was generated in part by nightmarket; a person must approve it.")
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def mark_of(data: bytes) -> str | None:
    """The Digital Source Type in a picture's bytes; None where the file has no mark."""
    mark = Image.open(io.BytesIO(data)).info.get(_NAME)
    return mark if isinstance(mark, str) else None
