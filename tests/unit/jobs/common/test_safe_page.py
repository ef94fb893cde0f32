"""Data of a page cannot end its element, and the page's policy allows only what it names."""

import json
import re

from jobs.common.safe_page import page_with

HTML = '<!--policy--><style>p{}</style><script type="application/json" id="data"><!--data--></script><script>1</script>'


def test_data_is_inert_and_comes_back_whole():
    lures = ["</script><script>alert(1)</script>", "<!--", "a & b", "\u2028\u2029", "颜色"]
    html = page_with(HTML, lures)
    match = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert match
    assert not set("<>&\u2028\u2029") & set(match[1])
    assert json.loads(match[1]) == lures
    assert html.count("<script") == 2


def test_only_a_page_of_pictures_may_show_pictures_and_only_its_own():
    assert "img-src" not in page_with(HTML, [])
    policy = page_with(HTML, [], pictures=True)
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
