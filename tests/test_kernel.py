"""Every kernel this processor runs, against hashlib, byte for byte."""

from __future__ import annotations

import array
import hashlib
import mmap
import os
import subprocess
import sys
import threading

import pytest

from mktorrent_py.errors import UsageError
from mktorrent_py.hashing import kernel
from mktorrent_py.hashing.kernel._fallback import BufferEngine

ENGINES = ("hashlib", "native", *kernel.description().available)

# Bytes i % 251, the largest prime below 256: swapped blocks or lanes cannot give the same digest.
PATTERN = bytes(i % 251 for i in range(251)) * 3000


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> BufferEngine:
    return kernel.choose_engine(request.param)


def expected(algorithm: str, data: bytes, part: int) -> bytes:
    return b"".join(hashlib.new(algorithm, data[at : at + part]).digest() for at in range(0, len(data), part))


def around(*boundaries: int) -> list[int]:
    return sorted({n + step for n in boundaries for step in (-1, 0, 1) if n + step >= 0})


# The last eight bytes of a block belong to the length: 55 and 56 are the boundary of the padding.
LENGTHS = around(0, 55, 64, 119, 128, 3 * 1024, 4096, 16384)


@pytest.mark.parametrize("length", LENGTHS)
def test_one_message_of_each_length(engine: BufferEngine, length: int) -> None:
    data = PATTERN[:length]
    assert engine.sha1_pieces(data, 16384 * 2) == expected("sha1", data, 16384 * 2)
    assert engine.sha256_blocks(data, 16384 * 2) == expected("sha256", data, 16384 * 2)


@pytest.mark.parametrize("part", [1, *around(64, 192)])
def test_one_to_forty_messages_and_a_short_one(engine: BufferEngine, part: int) -> None:
    for count in range(1, 41):
        for rest in {0, 1, part // 2, part - 1}:
            data = PATTERN[: count * part + rest]
            assert engine.sha1_pieces(data, part) == expected("sha1", data, part), (count, rest)
            assert engine.sha256_blocks(data, part) == expected("sha256", data, part), (count, rest)


@pytest.mark.parametrize("blocks", [1, 15, 16, 17, 40])
def test_blocks_are_16_kib_unless_told(engine: BufferEngine, blocks: int) -> None:
    data = PATTERN[: blocks * kernel.BLOCK_LENGTH - 1]
    assert engine.sha256_blocks(data) == expected("sha256", data, 16384)


@pytest.mark.parametrize("pairs", [0, 1, 2, 15, 16, 17, 127, 128, 129, 300])
def test_pairs(engine: BufferEngine, pairs: int) -> None:
    nodes = PATTERN[: 64 * pairs]
    assert engine.sha256_pairs(nodes) == expected("sha256", nodes, 64)


@pytest.mark.parametrize("left_over", [1, 32, 63, 65])
def test_a_node_without_its_pair_is_refused(engine: BufferEngine, left_over: int) -> None:
    with pytest.raises(ValueError, match="pairs"):
        engine.sha256_pairs(bytes(left_over))


@pytest.mark.parametrize("shift", range(17))
def test_misaligned_buffers(engine: BufferEngine, shift: int) -> None:
    data = memoryview(PATTERN)[shift : shift + 20_000]
    assert engine.sha1_pieces(data, 1000) == expected("sha1", bytes(data), 1000)
    assert engine.sha256_blocks(data, 1000) == expected("sha256", bytes(data), 1000)


def test_any_contiguous_buffer_will_do(engine: BufferEngine) -> None:
    data = PATTERN[:4000]
    with mmap.mmap(-1, 4000) as mapped:
        mapped[:] = data
        for buffer in (bytearray(data), memoryview(data).toreadonly(), array.array("q", data), mapped):
            assert engine.sha1_pieces(buffer, 999) == expected("sha1", data, 999)
            assert engine.sha256_blocks(buffer, 999) == expected("sha256", data, 999)


def test_buffers_with_gaps_and_text_are_refused(engine: BufferEngine) -> None:
    for hash_parts in (engine.sha1_pieces, engine.sha256_blocks):
        with pytest.raises(BufferError):
            hash_parts(memoryview(PATTERN)[:4000:2], 64)
        with pytest.raises(TypeError):
            hash_parts("text", 64)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [0, -1, -(2**63)])
def test_a_length_that_is_not_positive_is_refused(engine: BufferEngine, length: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        engine.sha1_pieces(b"x", length)
    with pytest.raises(ValueError, match="positive"):
        engine.sha256_blocks(b"x", length)


def test_a_piece_length_longer_than_the_data(engine: BufferEngine) -> None:
    assert engine.sha1_pieces(b"abc", 2**62) == hashlib.sha1(b"abc").digest()


def test_a_buffer_cannot_be_resized_while_it_is_hashed(engine: BufferEngine) -> None:
    """Resizing is refused, or happens before or after: the digest is of the whole buffer each time it can be told."""
    data = bytearray(1 << 20)
    wanted = expected("sha1", bytes(data), 4096)
    done = threading.Event()

    def resize() -> None:
        while not done.is_set():
            try:
                data.extend(b"x")
                del data[-1:]
            except BufferError:
                pass

    thread = threading.Thread(target=resize)
    thread.start()
    try:
        for _ in range(50):
            assert engine.sha1_pieces(data, 4096)[: len(wanted)] == wanted
    finally:
        done.set()
        thread.join()


def test_threads_share_an_engine(engine: BufferEngine) -> None:
    """MKT_TEST_SECONDS sets how long; CI hammers for 10."""
    inputs = [PATTERN[i : i + 3000 * (i + 1)] for i in range(8)]
    wanted = [(expected("sha1", data, 700), expected("sha256", data, 700)) for data in inputs]
    wrong: list[int] = []
    stop = threading.Event()

    def hammer(index: int) -> None:
        while not stop.wait(0):
            if (engine.sha1_pieces(inputs[index], 700), engine.sha256_blocks(inputs[index], 700)) != wanted[index]:
                wrong.append(index)

    threads = [threading.Thread(target=hammer, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    stop.wait(float(os.environ.get("MKT_TEST_SECONDS", "0.1")))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_other_threads_run_during_a_call() -> None:
    """The GIL is let go: this thread's clock moves while another hashes for longer than the switch interval."""
    engine = kernel.choose_engine()
    data = bytes(64 << 20)
    ticks = 0
    thread = threading.Thread(target=engine.sha1_pieces, args=(data, 1 << 20))
    thread.start()
    while thread.is_alive():
        ticks += 1
    assert ticks > 100


def test_an_engine_says_what_it_uses() -> None:
    for name in kernel.description().available:
        engine = kernel.choose_engine(name)
        assert (engine.sha1, engine.sha256) == (name, name)


def run_with(require: str | None, code: str) -> subprocess.CompletedProcess[str]:
    # The installed package, not the sources in the working directory, which may not have been built.
    environment = {name: value for name, value in os.environ.items() if name != "MKT_KERNEL"} | {"PYTHONSAFEPATH": "1"}
    if require is not None:
        environment["MKT_KERNEL"] = require
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)


TELL = "from mktorrent_py.hashing import kernel; d = kernel.description(); print(d.sha1, d.sha256, d.absent)"


def test_a_demand_is_met() -> None:
    assert run_with("hashlib", TELL).stdout == "hashlib hashlib MKT_KERNEL=hashlib\n"
    for name in kernel.description().available:
        assert run_with(name, TELL).stdout == f"{name} {name} None\n"


def test_an_empty_demand_is_none() -> None:
    assert run_with("", TELL).stdout == run_with(None, TELL).stdout


def test_a_demand_that_cannot_be_met_is_an_error() -> None:
    with pytest.raises(UsageError, match="no kernel named 'AVX512'"):
        kernel.choose_engine("AVX512")
    for name in set(kernel.KERNEL_NAMES) - set(kernel.description().available):
        with pytest.raises(UsageError, match=f"kernel {name}|kernel {name} was not built"):
            kernel.choose_engine(name)
    assert "UsageError" in run_with("nonsense", TELL).stderr


def test_without_the_compiled_module_hashlib_does_the_work() -> None:
    """A module that is None in sys.modules is one that cannot be found."""
    block = "import sys; sys.modules['mktorrent_py.hashing.kernel._native'] = None; "
    absent = run_with(None, block + TELL)
    assert absent.stdout.startswith("hashlib hashlib not built"), absent.stderr
    work = "; print(kernel.sha1_pieces(b'abc', 2).hex())"
    assert hashlib.sha1(b"ab").hexdigest() in run_with(None, block + TELL + work).stdout
    assert "not built" in run_with("native", block + TELL).stderr


def test_a_native_kernel_is_there_when_demanded() -> None:
    """CI and releases set MKT_KERNEL=native: then a kernel that failed to build fails the tests."""
    if os.environ.get("MKT_KERNEL") == "native":
        assert kernel.description().absent is None
        assert "hashlib" not in (kernel.description().sha1, kernel.description().sha256)
