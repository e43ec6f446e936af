"""The torrents a tracker lists, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTorrent:
    """One torrent of the folder.

    `key` is its whole infohash in hex, v1 where it has one: what its page addresses are made of. `data` is the
    torrent file as it was read, `added` when that file was last changed, in Unix seconds. Files are (path, length in
    bytes), the path with slashes and without the torrent's name.
    """

    key: str
    name: str
    # What a search looks through, in lower case: the name, the infohashes and every path, a line each.
    searchable: str = field(repr=False)
    length: int
    files: tuple[tuple[str, int], ...] = field(repr=False)
    infohash_v1: str | None
    infohash_v2: str | None
    swarm_keys: tuple[bytes, ...]
    private: bool
    comment: str | None
    magnet: str
    added: int
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, data: bytes, added: int) -> ListedTorrent:
        """Read a torrent file's bytes. Raises MetainfoError."""
        metainfo = Metainfo.from_bytes(data)
        info, hashes = metainfo.info, metainfo.infohashes
        v1, v2 = (whole.hex() if whole else None for whole in (hashes.v1, hashes.v2))
        name = _text(info.name)
        files = tuple((_text("/".join(file.path)), file.length) for file in info.files)
        return cls(
            key=v1 or v2 or "",
            name=name,
            searchable="\n".join([name, v1 or "", v2 or "", *(path for path, _ in files)]).lower(),
            length=info.layout.content_length,
            files=files,
            infohash_v1=v1,
            infohash_v2=v2,
            swarm_keys=hashes.swarm_keys,
            private=info.private,
            comment=_text(metainfo.comment) if metainfo.comment else None,
            magnet=str(Magnet.from_metainfo(metainfo)),
            added=added,
            data=data,
        )

    @property
    def swarm(self) -> bytes:
        """The infohash its swarm is kept under: a hybrid's two are one."""
        return self.swarm_keys[0]

    def matches(self, words: Iterable[str]) -> bool:
        """Whether every word, already in lower case, is in its name, its infohashes or one of its paths."""
        return all(word in self.searchable for word in words)


def _text(name: str) -> str:
    """Names that are not UTF-8 must still fit into a page that is."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Listing:
    """Torrents by key, newest first. Of two files with the same infohash the first one given counts."""

    def __init__(self, torrents: Iterable[ListedTorrent] = ()) -> None:
        by_key: dict[str, ListedTorrent] = {}
        for torrent in torrents:
            by_key.setdefault(torrent.key, torrent)
        self._torrents = sorted(by_key.values(), key=lambda torrent: (-torrent.added, torrent.name, torrent.key))
        self._by_key = by_key

    def __len__(self) -> int:
        return len(self._torrents)

    def __iter__(self) -> Iterator[ListedTorrent]:
        return iter(self._torrents)

    def get(self, key: str) -> ListedTorrent | None:
        return self._by_key.get(key)

    def search(self, text: str) -> Sequence[ListedTorrent]:
        """The torrents that match every word of `text`."""
        words = text.lower().split()
        return [torrent for torrent in self._torrents if torrent.matches(words)] if words else self._torrents

    def swarm_of(self) -> Mapping[bytes, bytes]:
        """Every infohash that is tracked, with the one its swarm is kept under."""
        return {key: torrent.swarm for torrent in self._torrents for key in torrent.swarm_keys}
