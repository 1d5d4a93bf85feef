"""Folding of batch norms into the convolutions before them."""

from __future__ import annotations

import copy
import logging

from torch import nn

log = logging.getLogger(__name__)


def fold(model: nn.Module) -> tuple[nn.Module, bool]:
    """Merge batch norms into the convolutions before them where possible: (model, whether any was merged)."""
    from torch.fx import symbolic_trace
    from torch.fx.experimental.optimization import fuse

    norms = _batch_norms(model)
    if not norms:
        return model, False
    try:
        traced = symbolic_trace(copy.deepcopy(model))
    except (AttributeError, RuntimeError, TypeError, ValueError) as reason:  # errors of tracing
        log.info("%s: batch norm stays apart (%s)", type(model).__name__, reason)
        return model, False
    merged = fuse(traced, inplace=True, no_trace=True)
    return (merged, True) if _batch_norms(merged) < norms else (model, False)


def _batch_norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())
