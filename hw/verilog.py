"""Verilog text of an accelerator."""

from amaranth.back import verilog

from .accelerator import Accelerator
from .core import AcceleratorCore

__all__ = ["CORE", "to_verilog"]

CORE = "xnorflow_core"
"""Name of the top module."""


def to_verilog(accelerator: Accelerator, *, name: str = CORE) -> str:
    """Verilog of the accelerator, with ports ``clk`` and ``rst`` (synchronous, active high) beside its members."""
    return str(verilog.convert(AcceleratorCore(accelerator), name=name, emit_src=False, strip_internal_attrs=True))
