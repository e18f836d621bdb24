"""Asking memory for a record before it is needed.

A pass over accounts waits for memory a fifth of its time: a record fills seven lines of the cache, and the processor guesses the next ones only
within a page of memory, which holds nine records. What has been asked for some accounts ahead has come by the time it is read.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

AHEAD = 4  # accounts that a pass asks memory for before it comes to them
_LINE = 64  # bytes
# Of LLVM's `llvm.prefetch`: the line will be written to, is wanted soon and often, and holds no code.
_WRITE, _KEEP, _DATA = 1, 3, 1


@intrinsic
def prefetch(typing: Any, records: Any, number: Any) -> Any:
    """Ask for all lines of `records[number]`, of a one-dimensional array of records; only for compiled code, and without effect on any number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type, number_type = signature.args
        array = context.make_array(array_type)(context, builder, arguments[0])
        number = context.cast(builder, arguments[1], number_type, types.intp)
        place = cgutils.get_item_pointer(context, builder, array_type, array, [number])
        start = builder.bitcast(place, ir.PointerType(ir.IntType(8)))
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [start.type, word, word, word])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [start.type], kind)
        for offset in range(0, array_type.dtype.size, _LINE):
            line = builder.gep(start, [context.get_constant(types.intp, offset)])
            builder.call(ask, [line, word(_WRITE), word(_KEEP), word(_DATA)])
        return context.get_dummy_value()

    return types.none(records, number), generate
