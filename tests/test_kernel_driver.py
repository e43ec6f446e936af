"""The kernels without Python: under sanitizers, and those of other processors under an emulator."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parent / "kernel"


def build(compiler: str, output: Path, *flags: str) -> None:
    command = ["sh", str(DRIVER / "build.sh"), str(output), *flags]
    built = subprocess.run(
        command, env={"CC": compiler, "PATH": "/usr/local/bin:/usr/bin:/bin"}, stderr=subprocess.PIPE
    )
    assert built.returncode == 0, built.stderr.decode()


def has(*programs: str) -> bool:
    return all(shutil.which(program) for program in programs)


@pytest.mark.skipif(sys.platform != "linux" or not has("gcc"), reason="needs gcc and its sanitizers")
def test_kernels_under_sanitizers(tmp_path: Path) -> None:
    program = tmp_path / "check"
    build("gcc", program, "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    ran = subprocess.run([str(program)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "scalar: right" in ran.stdout


@pytest.mark.skipif(not has("aarch64-linux-gnu-gcc", "qemu-aarch64"), reason="needs an ARM compiler and qemu-user")
def test_arm_kernels_under_emulation(tmp_path: Path) -> None:
    program = tmp_path / "check-arm"
    build("aarch64-linux-gnu-gcc", program, "-static")
    kernels = ["armv8x1", "armv8x2", "armv8x3"]
    ran = subprocess.run(["qemu-aarch64", str(program), *kernels], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
