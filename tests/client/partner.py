"""Other BitTorrent programs in the tests: each is started to download or to seed, waited for, and ended."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from loopback import is_isolated
from seeding_rig import paths_below

from mktorrent_py.metainfo.infohash import TorrentVersion

ALL = ("v1", "v2", "hybrid")
SCRIPTS = Path(__file__).with_name("scripts")
LOG_SHOWN = 2000
"""Bytes of a partner's log that are shown with a failure."""


def case_name(value: type[Partner] | TorrentVersion) -> str:
    """Return the name of a partner in parametrized tests."""
    return value.value if isinstance(value, TorrentVersion) else value.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a partner is to do: fetch `source` into `out`, or seed it from there; `home` is for its own files.

    `source` is the path of a torrent file, or a magnet; `peer`, as host:port, is told to those who dial one by name.
    """

    source: str
    out: Path
    home: Path
    peer: str = ""

    @property
    def log(self) -> Path:
        return self.home / "log"


class Partner:
    """A program that fetches, and that `command` starts.

    `torrents` and `magnets` are the versions that it fetches by each, `seeds` those that we fetch from it. One with a
    `v2_error` says so and ends when it is given a torrent without a v1 half. `makes_empty_files` is whether it does.
    One that `needs_isolation` cannot be told to stay on loopback.
    """

    name = ""
    command = ""
    torrents: tuple[str, ...] = ALL
    magnets: tuple[str, ...] = ALL
    seeds: tuple[str, ...] = ()
    v2_error = ""
    makes_empty_files = True
    needs_isolation = False

    def program(self) -> str | None:
        """Return its path, None if it is not installed. Web servers may not be in PATH."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"])
        return shutil.which(self.command, path=path)

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        """Return the command that downloads; it may run on afterwards."""
        raise NotImplementedError

    def ask(self, errand: Errand) -> None:
        """Send the requests that the command line cannot hold, once it runs."""

    @contextlib.contextmanager
    def at_work(self, errand: Errand) -> Iterator[None]:
        """Run it while the body runs; a failure is shown with the end of its log."""
        program = self._require()
        for directory in (errand.out, errand.home):
            directory.mkdir(parents=True, exist_ok=True)
        with self._running(program, errand):
            try:
                self.ask(errand)
                yield
            except BaseException as error:
                error.add_note(f"{self.name} said last:\n{_end_of(errand.log)}")
                raise

    def wait_for(self, errand: Errand, content: Path) -> None:
        """Wait until it has everything, byte for byte."""
        while True:
            # Its files may come and go while we look.
            with contextlib.suppress(FileNotFoundError):
                if self._has(errand.out, content):
                    return
            code = self.process.poll()
            assert code is None, f"{self.name} ended with {code}"
            time.sleep(0.1)

    def _require(self) -> str:
        """Skip the test if it cannot run; fail it if MKT_REQUIRE_JUDGES=1."""
        program = self.program()
        if program is not None and (is_isolated() or not self.needs_isolation):
            return program
        lack = f"{self.name} needs a network namespace of its own" if program else f"{self.name} is not installed"
        give_up = pytest.fail if os.environ.get("MKT_REQUIRE_JUDGES") == "1" else pytest.skip
        return give_up(lack)

    @contextlib.contextmanager
    def _running(self, program: str, errand: Errand) -> Iterator[None]:
        with errand.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*map(str, self.words(program, errand))],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "HOME": str(errand.home), "XDG_CONFIG_HOME": str(errand.home)},
                cwd=errand.home,
            )
            try:
                yield
            finally:
                self.process.kill()
                self.process.wait()

    def _has(self, out: Path, content: Path) -> bool:
        """Compare all files and their bytes; empty files may be missing where the partner leaves them out."""
        theirs, ours = paths_below(out), paths_below(content)
        optional = set() if self.makes_empty_files else {path for path, file in ours.items() if not file.stat().st_size}
        if not ours.keys() - optional <= theirs.keys() <= ours.keys():
            return False
        filecmp.clear_cache()
        return all(filecmp.cmp(file, ours[path], shallow=False) for path, file in theirs.items())


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_SHOWN:]
