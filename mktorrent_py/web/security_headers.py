"""Security headers of every page: nothing runs, and nothing is loaded from elsewhere.

If a name from a torrent or a peer ever reached a page unescaped, these would keep it from doing harm.
"""

from __future__ import annotations

import base64
import hashlib

from mktorrent_py.web.page import STYLE

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

SECURITY_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
