"""Pages for people. They work offline, load nothing, and never run code from a row.

A page is an HTML file with one style, at most one script, and the placeholders <!--policy--> and <!--data-->. A page in
both languages names /*both_languages.css*/ in its style and /*both_languages.js*/ in its script. A page on which a
person approves and blocks names /*decision_page.css*/ and /*decision_page.js*/. A page with tables names /*tables.css*/
in its style. These shared files may name other shared files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

_SHARED = (  # a file comes before the files that it names
    *("decision_page.css", "decision_page.js", "both_languages.css", "both_languages.js"),
    *("page.css", "tables.css", "tongue.js"),
)


def page_with(html: str, data: Any = None, pictures: bool = False) -> str:
    """The page with its data and its content security policy; pictures: it may show pictures that its data hold."""
    for name in _SHARED:
        if (place := f"/*{name}*/\n") in html:
            html = html.replace(place, Path(__file__).with_name(name).read_text("utf-8"))
    return html.replace("<!--policy-->", policy(html, pictures)).replace("<!--data-->", inert(data))


def inert(data: Any) -> str:
    """JSON that is safe inside a script element: it cannot end the element or break a line of JavaScript."""
    text = json.dumps(data, ensure_ascii=False)
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text


def policy(html: str, pictures: bool) -> str:
    """Allows only this page's own style and script, each by its hash; the page can load nothing else."""
    allowed = ["default-src 'none'"]
    if pictures:
        allowed.append("img-src data:")
    for tag in ("script", "style"):
        for body in re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
            allowed.append(f"{tag}-src 'sha256-{digest}'")
    rules = "; ".join([*allowed, "base-uri 'none'", "form-action 'none'"])
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
