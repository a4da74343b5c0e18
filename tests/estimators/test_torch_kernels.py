"""torch's kernels called over C: the bits that torch itself gives, its errors told, its threads given back."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from encoder_builder import TEXTS

from zhenfen.estimators import text_encoder
from zhenfen.estimators.text_encoder import EncoderConfig, TextEncoder
from zhenfen.estimators.torch_kernels import KernelError, Kernels, Some, open_kernels

pytestmark = [pytest.mark.torch, pytest.mark.skipif(sys.platform == "win32", reason="not reachable there")]

LONGER = pl.Series(["姐妹们这款面霜真的好用" * 9, "x", "今天散步", "😀 price 99元 " * 30])
EMBED = """
import polars as pl
from zhenfen.estimators.text_encoder import EncoderConfig, TextEncoder
TextEncoder.load(EncoderConfig(source="encoder/2")).embed(pl.Series(["面霜"]))
"""


@pytest.fixture
def kernels() -> Kernels:
    found = open_kernels()
    assert found is not None
    return found


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_an_encoder_has_the_bits_that_torch_gives(monkeypatch: pytest.MonkeyPatch, pooling: str) -> None:
    config = EncoderConfig(source="encoder/2", prefix="query: ", layer=7, pooling=pooling)
    texts = pl.concat([TEXTS, LONGER])
    by_kernels = TextEncoder.load(config).embed(texts)[0]
    monkeypatch.setattr(text_encoder, "open_kernels", lambda: None)
    by_torch = TextEncoder.load(config).embed(texts)[0]
    assert by_kernels.tobytes() == by_torch.tobytes()


def test_the_shelved_encoder_does_without_pythons_torch() -> None:
    """Which takes longer to import than all else that a report needs."""
    code = f"import sys{EMBED}sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_operator_gives_its_first_tensor(kernels: Kernels) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2]
    mean = kernels.call("aten::mean", kernels.tensor(values), Some([0]), True, None, overload="dim")
    np.testing.assert_array_equal(mean.to_numpy(), [[4.0, 6.0]])


def test_what_a_kernel_refuses_is_told(kernels: Kernels) -> None:
    one = kernels.tensor(np.zeros((2, 3), np.float32))
    with pytest.raises(KernelError, match=r"(?i)normalized_shape"):
        kernels.call("aten::native_layer_norm", one, [4], None, None, 1e-5, n_returned=3)
    with pytest.raises(KernelError, match="nowhere"):
        kernels.call("aten::nowhere", one)


def test_threads_are_given_back(kernels: Kernels) -> None:
    import torch

    before = torch.get_num_threads()
    with kernels.one_thread() as n_threads:
        assert (torch.get_num_threads(), n_threads) == (1, before)
    assert torch.get_num_threads() == before
