"""Pages for people that work offline, load nothing and never run code from a row.

A page is an HTML file with one style, one script, and the places <!--policy--> and <!--data-->.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any


def page_with(html: str, data: Any, pictures: bool = False) -> str:
    """The page with its data and the policy that guards it; pictures: it may show those that stand in its data."""
    return html.replace("<!--policy-->", _policy(html, pictures)).replace("<!--data-->", inert(data))


def inert(data: Any) -> str:
    """JSON that is safe inside a script element: it cannot end the element or break a line of JavaScript."""
    text = json.dumps(data, ensure_ascii=False)
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text


def _policy(html: str, pictures: bool) -> str:
    """Allows only this page's own style and script, each by its hash; the page can load nothing else."""

    def hashed(tag: str) -> str:
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        return base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()

    shown = "img-src data:; " if pictures else ""
    policy = (
        f"default-src 'none'; script-src 'sha256-{hashed('script')}'; style-src 'sha256-{hashed('style')}'; {shown}"
        "base-uri 'none'; form-action 'none'"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
