"""Settings of `mkt edit --set`: KEY=TEXT, or KEY:=JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import INFO_PREFIX, Encodable

INTEGER_KEYS = frozenset({"creation date", "info.private"})


def parse_setting(text: str) -> tuple[str, Encodable]:
    """Parse `KEY=TEXT`, or `KEY:=JSON` for integers, lists and dictionaries."""
    key, mark, value = text.partition("=")
    is_json = key.endswith(":")
    key = key.removesuffix(":")
    if not mark or key in ("", INFO_PREFIX):
        raise UsageError(
            f"{quoted(text)} is not a key and a value", hint="Write KEY=TEXT, or KEY:=JSON as in x-count:=5."
        )
    if is_json:
        return key, _parse_json(value, text)
    if key in INTEGER_KEYS:
        return key, _parse_integer(value, key)
    return key, value


def _parse_json(value: str, text: str) -> Encodable:
    try:
        return _bencodable(json.loads(value))
    except (ValueError, RecursionError):
        hint = "Bencode has integers, texts, lists and dictionaries, but no fractions, true, false or null."
        raise UsageError(f"the value of {quoted(text)} is not JSON that bencode can hold", hint=hint) from None


def _bencodable(value: Any) -> Encodable:
    """Return the value. Raises ValueError if bencode lacks one of its types."""
    if isinstance(value, list):
        return [_bencodable(item) for item in value]
    if isinstance(value, dict):
        return {_utf8(key): _bencodable(item) for key, item in value.items()}
    if isinstance(value, str):
        return _utf8(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(value)


def _utf8(text: str) -> str:
    """Return the text. Raises ValueError for half a surrogate pair, which JSON can hold and UTF-8 cannot."""
    text.encode("utf-8")
    return text


def _parse_integer(value: str, key: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise UsageError(f"{quoted(key)} takes an integer, not {quoted(value)}")
    return int(value)
