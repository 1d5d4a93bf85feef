"""Folding of batch norms into the convolutions before them."""

from __future__ import annotations

import copy
import logging
from collections import OrderedDict
from typing import Any

from torch import nn

log = logging.getLogger(__name__)


def fold(model: nn.Module) -> tuple[nn.Module, bool]:
    """Merge batch norms into the convolutions before them where possible: (model, whether any was merged).

    These are torch's own and timm's ``BatchNormAct2d``, whose activation stays in its place, under its name.
    """
    from torch.fx import symbolic_trace
    from torch.fx.experimental.optimization import fuse

    norms = _batch_norms(model)
    if not norms:
        return model, False
    try:
        traced = symbolic_trace(_with_separate_activations(model))
    except (AttributeError, RuntimeError, TypeError, ValueError) as reason:  # errors of tracing
        log.info("%s: batch norm stays apart (%s)", type(model).__name__, reason)
        return model, False
    merged = fuse(traced, inplace=True, no_trace=True)
    return (merged, True) if _batch_norms(merged) < norms else (model, False)


def _batch_norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())


def _with_separate_activations(model: nn.Module) -> nn.Module:
    """Return a copy in which each of timm's ``BatchNormAct2d`` is torch's batch norm followed by its activation."""
    changed = copy.deepcopy(model)
    for name, module in list(changed.named_modules()):
        kind = type(module)  # by name, because importing timm takes seconds
        if kind.__module__.startswith("timm.") and kind.__name__ == "BatchNormAct2d":
            changed.set_submodule(name, _separated(module))
    return changed


def _separated(module: Any) -> nn.Module:
    """Return a ``BatchNormAct2d`` as a sequence. The names ``drop`` and ``act`` stay."""
    norm = nn.BatchNorm2d(
        module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats, device="meta"
    ).eval()
    for name in (*module._parameters, *module._buffers):
        setattr(norm, name, getattr(module, name))
    return nn.Sequential(OrderedDict(norm=norm, drop=module.drop, act=module.act)).train(module.training)
