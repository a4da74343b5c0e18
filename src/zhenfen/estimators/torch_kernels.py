"""torch's kernels without Python's torch: called by name over the C interface of its library.

`import torch` takes longer than reading the posts of a creator; the library with the kernels opens in a tenth of that,
and they compute the same bits (tests/estimators/test_torch_kernels.py). The interface is the stable one of
torch/csrc/stable/c/shim.h, which extensions are built against; where it cannot be had, `open_kernels` says so and torch
itself is to be asked. See docs/decisions.md, 113.
"""

from __future__ import annotations

import ctypes
import math
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

LIBRARIES = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib"}
"""Platform → file of torch/lib; Windows gives the one function without a C name another name."""
SET_THREADS = "_ZN2at15set_num_threadsEi"
"""at::set_num_threads: the interface tells the number of threads and cannot change it."""
SPOKEN = (2 << 56) | (13 << 48)
"""The version of the interface that is spoken here, 2.13: torch translates for later ones."""
_WORD = ctypes.c_uint64
"""What an argument is packed into."""
_HANDLE = ctypes.c_void_p
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "aoti_torch_create_tensor_from_blob_v2": (
        _HANDLE,
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_int64,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(_HANDLE),
        ctypes.c_int32,
        ctypes.c_char_p,
        ctypes.c_int64,
    ),
    "aoti_torch_new_tensor_handle": (_HANDLE, ctypes.POINTER(_HANDLE)),
    "aoti_torch_delete_tensor_object": (_HANDLE,),
    "aoti_torch_get_data_ptr": (_HANDLE, ctypes.POINTER(_HANDLE)),
    "aoti_torch_get_dim": (_HANDLE, ctypes.POINTER(ctypes.c_int64)),
    "aoti_torch_get_sizes": (_HANDLE, ctypes.POINTER(ctypes.POINTER(ctypes.c_int64))),
    "torch_new_stable_ivalue": (ctypes.POINTER(ctypes.POINTER(_WORD)),),
    "torch_new_list_reserve_size": (ctypes.c_size_t, ctypes.POINTER(_HANDLE)),
    "torch_list_push_back": (_HANDLE, _WORD),
    "torch_call_dispatcher": (ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(_WORD), _WORD),
    "torch_get_num_threads": (ctypes.POINTER(ctypes.c_uint32),),
}
"""Function → the types that it takes; each returns 0, or something else where it failed."""


class KernelError(RuntimeError):
    """A kernel refused what it was given: a mistake of ours."""


@dataclass(frozen=True)
class Some:
    """An argument that might have been left out, and was not: the interface passes these in another way."""

    value: Tensor | Sequence[int]


class Tensor:
    """One of torch's tensors of 32-bit floats."""

    def __init__(self, kernels: Kernels, handle: int, values: Vectors | None = None) -> None:
        # `values` is the memory that the tensor lies in, where it is ours.
        self._kernels, self.handle, self._values = kernels, handle, values

    def __del__(self) -> None:
        self._kernels.run("aoti_torch_delete_tensor_object", self.handle)

    def to_numpy(self) -> Vectors:
        """A copy of its values; the tensor must lie in memory row by row."""
        n_dims, sizes, data = ctypes.c_int64(), ctypes.POINTER(ctypes.c_int64)(), _HANDLE()
        self._kernels.run("aoti_torch_get_dim", self.handle, ctypes.byref(n_dims))
        self._kernels.run("aoti_torch_get_sizes", self.handle, ctypes.byref(sizes))
        self._kernels.run("aoti_torch_get_data_ptr", self.handle, ctypes.byref(data))
        shape = sizes[: n_dims.value]
        held = (ctypes.c_float * math.prod(shape)).from_address(data.value or 0)
        return np.frombuffer(held, dtype=np.float32).reshape(shape).copy()


class Kernels:
    """The kernels of one library."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        for name, types in _FUNCTIONS.items():
            getattr(self._library, name).argtypes = types
        self._library.torch_exception_get_what_without_backtrace.restype = ctypes.c_char_p
        self._set_threads = getattr(self._library, SET_THREADS)
        self._floats = self._library.aoti_torch_dtype_float32()
        self._cpu = self._library.aoti_torch_device_type_cpu()
        self._strided = self._library.aoti_torch_layout_strided()

    def run(self, function: str, *arguments: Any) -> None:
        """Call a function of the interface.

        Raises:
            KernelError: It failed.
        """
        if getattr(self._library, function)(*arguments) != 0:
            said = self._library.torch_exception_get_what_without_backtrace()
            raise KernelError(f"{function}: {(said or b'').decode(errors='replace')}")

    def tensor(self, values: Vectors) -> Tensor:
        """A tensor over values, which are not copied where they lie row by row."""
        held = np.ascontiguousarray(values, dtype=np.float32)
        sizes = (ctypes.c_int64 * held.ndim)(*held.shape)
        steps = (ctypes.c_int64 * held.ndim)(*(step // held.itemsize for step in held.strides))
        made, kind = _HANDLE(), (self._floats, self._cpu, 0)
        place = (held.ctypes.data, held.ndim, sizes, steps, 0)
        self.run("aoti_torch_create_tensor_from_blob_v2", *place, *kind, ctypes.byref(made), self._strided, None, 0)
        return Tensor(self, made.value or 0, held)

    def call(self, operator: str, *arguments: Any, overload: str = "", n_returned: int = 1) -> Tensor:
        """The first tensor that an operator returns.

        Args:
            operator: Its name (aten::layer_norm).
            arguments: All that its schema lists, in that order: tensors, whole numbers, floats, lists of whole numbers,
                None, and `Some` of what may be None.
            overload: Which of the operators of that name.
            n_returned: How many tensors it returns.

        Raises:
            KernelError: It refused them.
        """
        stack = (_WORD * max(len(arguments), n_returned))(*map(self._pack, arguments))
        self.run("torch_call_dispatcher", operator.encode(), overload.encode(), stack, SPOKEN)
        # The others are released as they go.
        first, *_ = (Tensor(self, handle) for handle in stack[:n_returned])
        return first

    @contextmanager
    def one_thread(self) -> Iterator[int]:
        """Kernels run on the thread that calls them alone, in the whole process; gives how many they would run on."""
        before = ctypes.c_uint32()
        self.run("torch_get_num_threads", ctypes.byref(before))
        self._set_threads(1)
        try:
            yield before.value
        finally:
            self._set_threads(int(before.value))

    def _pack(self, argument: Any) -> int:
        """An argument as the interface takes it; the operator frees what is made here."""
        if isinstance(argument, Tensor):
            again = _HANDLE()
            self.run("aoti_torch_new_tensor_handle", argument.handle, ctypes.byref(again))
            return again.value or 0
        if isinstance(argument, Some):
            word = ctypes.POINTER(_WORD)()
            self.run("torch_new_stable_ivalue", ctypes.byref(word))
            word[0] = self._pack(argument.value)
            return ctypes.cast(word, _HANDLE).value or 0
        if isinstance(argument, list):
            listed = _HANDLE()
            self.run("torch_new_list_reserve_size", len(argument), ctypes.byref(listed))
            for one in argument:
                self.run("torch_list_push_back", listed, self._pack(one))
            return listed.value or 0
        if isinstance(argument, float):
            return int.from_bytes(struct.pack("=d", argument), sys.byteorder)
        return int(argument or 0)


@cache
def open_kernels() -> Kernels | None:
    """The kernels of the torch that is installed; None where it has no such interface.

    Raises:
        ImportError: torch is not installed.
    """
    spec, name = find_spec("torch"), LIBRARIES.get(sys.platform)
    if spec is None or spec.origin is None:
        raise ImportError("torch is not installed")
    if name is None:
        return None
    try:
        return Kernels(Path(spec.origin).parent / "lib" / name)
    except (OSError, AttributeError):
        # Built in another way, or an older one.
        return None
