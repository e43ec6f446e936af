"""Whatever the bytes, reading a torrent gives a model or a TorrentError, and every face of a model can be made.

Run it as `python tests/fuzz/fuzz_metainfo.py -max_total_time=120 CORPUS`; it needs the extra `fuzz`. The torrents of
`fixtures/torrents` make a good corpus.
"""

from __future__ import annotations

import json
import sys

import atheris

with atheris.instrument_imports():
    from mktorrent_py.errors import TorrentError
    from mktorrent_py.metainfo.diff import diff
    from mktorrent_py.metainfo.magnet.uri import Magnet
    from mktorrent_py.metainfo.metainfo import Metainfo
    from mktorrent_py.metainfo.parse.document import parse_metainfo
    from mktorrent_py.metainfo.summary import file_facts, summarize


def check(data: bytes) -> None:
    try:
        examination = parse_metainfo(data)
        metainfo = examination.require()
    except TorrentError as error:
        assert str(error)
        return
    json.dumps([summarize(metainfo, examination.warnings), file_facts(metainfo.info.layout)])
    assert Magnet.parse(str(Magnet.from_metainfo(metainfo))).infohashes == metainfo.infohashes
    assert Metainfo.from_bytes(metainfo.to_bytes()).info == metainfo.info
    assert not diff(metainfo, metainfo)


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
