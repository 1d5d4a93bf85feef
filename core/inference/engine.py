"""Frames → probabilities and features, on one device, in float32, at one fixed batch shape.

The fixed shape makes a result independent of the other frames of its batch: on the CPU equal to the bit, on a GPU
within 1e-5.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psutil
import torch
from torch import nn

from ..errors import BadCard
from ..jobs.streams import chunks
from ..networks.card import NetworkCard
from ..networks.probe import (
    Layer,
    LogitsAndFeatures,
    find_head,
    import_shape_libraries,
    layers,
    outline,
    total_stride,
    with_features,
)
from ..networks.same_padding import fix_padding
from .device_lock import all_turns, turns
from .folding import fold
from .hooks import Watcher, hooked

log = logging.getLogger(__name__)

CPU_BATCH = 8  # fastest on two cores, and a curve starts at once
DEPTHWISE_CPU_BATCH = 4  # the same for networks with depthwise convolutions, whose maps leave the cache sooner
GPU_BATCH = 128
SWITCH_S = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions for N frames, on the CPU: ``probabilities`` float32 (N, K) and ``features`` float32 (N, D).

    Rows of probabilities sum to 1. K is 0 for a network without classes.
    """

    probabilities: torch.Tensor
    features: torch.Tensor

    def __len__(self) -> int:
        return int(self.probabilities.shape[0])

    def finite(self, network: Network) -> Predictions:
        """Return the predictions. Raises BadCard if they contain NaN or infinity."""
        judged = self.probabilities if self.probabilities.shape[1] else self.features
        if not bool(judged.isfinite().all()):
            raise BadCard(
                f"Answers of {network.card.key} are not numbers.",
                "Answers must be finite numbers.",
                "Its checkpoint is damaged or of another architecture. Copy or convert it again.",
            )
        return self

    @staticmethod
    def join(parts: Iterable[Predictions]) -> Predictions:
        """Return several predictions as one."""
        kept = list(parts)
        return Predictions(torch.cat([p.probabilities for p in kept]), torch.cat([p.features for p in kept]))


@dataclass(eq=False)
class Network:
    """The network of a card on the device.

    ``batch`` shrinks when memory runs out; ``reduced`` says so. ``folded``: whether batch norms are merged into
    convolutions.
    """

    card: NetworkCard
    module: nn.Module  # normalised frames → (logits, features)
    batch: int
    parameters: int
    outline: nn.Module  # the model as it was built
    folded: bool
    mean: torch.Tensor
    std: torch.Tensor
    reduced: bool = False

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Layers as ``probe.layers`` finds them. The first use takes seconds and waits for the locks of all devices."""
        import_shape_libraries(self.outline)
        with all_turns():
            return layers(self.outline, self.card.size)

    @property
    def known_layers(self) -> tuple[Layer, ...]:
        """``layers`` if they were computed before, else none: for callers that must not wait."""
        found: tuple[Layer, ...] = vars(self).get("layers", ())
        return found

    @property
    def stride(self) -> int | None:
        """Total stride in pixels; None for a network without feature maps."""
        return total_stride(self.layers)

    @property
    def watchable(self) -> dict[str, nn.Module]:
        """Modules by the names of ``layers``: no blocks where batch norms are folded, none for test-time methods."""
        inner = getattr(self.module, "model", None)
        return dict(inner.named_modules()) if isinstance(inner, nn.Module) else {}

    @property
    def size_in_bytes(self) -> int:
        """Bytes of its parameters and buffers."""
        kept = (*self.module.parameters(), *self.module.buffers())
        return sum(t.numel() * t.element_size() for t in kept)


class Engine:
    """Inference on one device. Networks are loaded once and kept; every batch takes the device's lock."""

    precision = "float32"

    def __init__(self, device: str | None = None, batch: int | None = None, budget: int | None = None) -> None:
        """Use a device, by default the first GPU or else the CPU.

        Args:
            batch: frames in a batch, for every network; by default GPU_BATCH, or on the CPU DEPTHWISE_CPU_BATCH for
                networks with depthwise convolutions and CPU_BATCH for the others.
            budget: bytes of weights that stay loaded; by default half of a GPU's memory, or a quarter of the machine's.
        """
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.batch = batch or (GPU_BATCH if self.device.type == "cuda" else CPU_BATCH)
        self._depthwise_batch = DEPTHWISE_CPU_BATCH if batch is None and self.device.type == "cpu" else self.batch
        self.budget = budget or _budget(self.device)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        # A forward pass takes the interpreter's lock back after each of its hundreds of operations; beside a busy
        # page thread the default of 5 ms costs a batch 2.1 s, where it takes 0.27 alone (0.9 at 0.5 ms, 0.8 at 0.05).
        sys.setswitchinterval(SWITCH_S)
        self._lock = turns(self.device)
        self._loading, self._guard = threading.Lock(), threading.Lock()
        self._networks: OrderedDict[Any, Network] = OrderedDict()  # least recently used first

    @property
    def device_name(self) -> str:
        """Name of the device for people: "CPU, 2 threads", or that of the GPU."""
        if self.device.type == "cuda":
            return str(torch.cuda.get_device_name(self.device))
        return f"CPU, {torch.get_num_threads()} threads"

    def load(self, card: NetworkCard) -> Network:
        """Return the card's network, loaded at first use. Raises WeightsUnavailable, BadCard.

        Networks that were used least recently are dropped when all together exceed the budget; running work keeps its
        own.
        """
        name = (card.key, card.weights_digest, card.preprocessing)
        if (known := self._known(name)) is not None:  # without waiting for another network's loading
            return known
        with self._loading:
            if (known := self._known(name)) is not None:
                return known
            network = self.prepare(card, card.build())
            with self._guard:
                self._networks[name] = network
                while len(self._networks) > 1 and sum(n.size_in_bytes for n in self._networks.values()) > self.budget:
                    _, left = self._networks.popitem(last=False)
                    log.info(
                        "%s is dropped from %s: its networks exceed %d MB",
                        left.card.key,
                        self.device,
                        self.budget >> 20,
                    )
            return network

    def _known(self, name: Any) -> Network | None:
        with self._guard:
            if name not in self._networks:
                return None
            self._networks.move_to_end(name)
            return self._networks[name]

    def prepare(
        self, card: NetworkCard, model: nn.Module, change: Callable[[nn.Module], nn.Module] | None = None
    ) -> Network:
        """Return a built model made ready for this device: batch norms folded, channels last, penultimate layer tapped.

        The engine takes the model over: a network without batch norm is not copied. ``change``: surgery that runs the
        model on shapes, and so must not meet another trace.
        """
        own_pair = isinstance(model, LogitsAndFeatures)
        if change is not None:
            import_shape_libraries(model)
        head = None if own_pair or card.labels is None else find_head(model, len(card.labels.names))
        parameters = sum(p.numel() for p in model.parameters())
        model.eval()
        with all_turns():
            model = model if change is None else change(model)
            shapes = outline(model)
            folded, merged = (model, False) if own_pair else fold(fix_padding(model, card.size))
        module = with_features(folded, head)
        if card.remedy is not None:
            module = card.remedy.wrap(module)
        module.eval().requires_grad_(False)
        module.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        mean, std = (
            torch.tensor(v, device=self.device).view(1, 3, 1, 1)
            for v in (card.preprocessing.mean, card.preprocessing.std)
        )
        batch = self._depthwise_batch if any(map(_is_depthwise, shapes.modules())) else self.batch
        return Network(card, module, batch, parameters, shapes, merged, mean, std)

    def predict(
        self, network: Network, frames: Iterable[torch.Tensor], watched: Mapping[str, Watcher] | None = None
    ) -> Iterator[Predictions]:
        """Yield predictions for frames uint8 (3, S, S), one batch at a time, in order; frames may be made meanwhile.

        Args:
            watched: module name (of ``network.watchable``) → function that receives its output (n, …) on the device,
                before it may be overwritten. A module that runs several times in a pass is watched at its last run.
                A batch that is halved for lack of memory is watched again.
        """
        size = network.card.size
        for chunk in chunks(frames, network.batch):
            for frame in chunk:
                if frame.dtype != torch.uint8 or frame.shape != (3, size, size):
                    got = f"A frame is {tuple(frame.shape)} {frame.dtype}"
                    raise ValueError(f"{got}: {network.card.key} needs (3, {size}, {size}) uint8.")
            yield from self._forward(network, torch.stack(chunk), watched or {})

    def _forward(self, network: Network, frames: torch.Tensor, watched: Mapping[str, Watcher]) -> Iterator[Predictions]:
        while len(frames):
            result = self._try(network, frames, watched)
            if result is None:
                torch.cuda.empty_cache()  # here the exception no longer holds the failed batch
                continue
            yield result
            frames = frames[len(result) :]

    def _try(self, network: Network, frames: torch.Tensor, watched: Mapping[str, Watcher]) -> Predictions | None:
        """Return the first batch of the frames; None when memory ran out and the network's batch was halved."""
        frames = frames[: network.batch]
        runs = {layer.name: layer.runs for layer in network.layers} if watched else {}
        modules = network.watchable if watched else {}
        with self._lock.turn(), torch.inference_mode(), hooked(modules, watched, runs, len(frames)):
            try:
                return self._batch(network, frames)
            except torch.OutOfMemoryError:
                if network.batch == 1:
                    raise
                network.batch, network.reduced = network.batch // 2, True
                log.warning("%s: out of memory, batch halved to %d", network.card.key, network.batch)
                return None

    def _batch(self, network: Network, frames: torch.Tensor) -> Predictions:
        n = len(frames)
        if n < network.batch:  # padded: the same shape rounds the same way
            frames = torch.cat([frames, frames[-1:].expand(network.batch - n, -1, -1, -1)])
        x = frames.to(self.device, non_blocking=True).float().div_(255).sub_(network.mean).div_(network.std)
        x = x.flip(1) if network.card.preprocessing.order == "bgr" else x
        logits, features = network.module(x.contiguous(memory_format=torch.channels_last))
        return Predictions(logits.float().softmax(1)[:n].cpu(), features.float()[:n].cpu())


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels


def engines() -> list[Engine]:
    """Return an engine for each GPU, or one for the CPU."""
    return [Engine(f"cuda:{number}") for number in range(torch.cuda.device_count())] or [Engine()]


def _budget(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory) // 2
    return int(psutil.virtual_memory().total) // 4
