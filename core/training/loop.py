"""The training loop. Its state is kept after each epoch: a killed training resumes, and ends in the same network."""

from __future__ import annotations

import io
import math
import pickle
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ..errors import BadRecipe
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from ..networks.architectures.small import ARCHITECTURES
from ..storage.atomic_files import write
from .photographs import Photographs, batches
from .recipe import Recipe, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One line of the log.

    Attributes:
        learning_rate: the rate at the end of the epoch.
        loss, top1: means over the augmented training frames of the epoch.
        held_out_top1: the accuracy on the centre crops of held-out photographs. It does not choose an epoch: the
            network of the last epoch ships.
        precision: of the forward passes.
    """

    epoch: int
    learning_rate: float
    loss: float
    top1: float
    held_out_top1: float
    precision: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A trained network, in eval mode on the CPU, and its log."""

    model: nn.Module
    log: tuple[Epoch, ...]


def train(
    recipe: Recipe,
    seed: int,
    photographs: Photographs,
    held_out: Photographs,
    classes: int,
    *,
    state: Path,
    device: str | None = None,
    report: Report | None = None,
    cancel: Cancel | None = None,
) -> TrainingResult:
    """Return the network of a recipe and a seed.

    Args:
        held_out: frames uint8 (N, S, S, 3) that are ready for the network.
        classes: the number of classes.
        state: the file of the state after each epoch. Training resumes from it.
        report: called with the number of batches.

    Raises:
        BadRecipe: the file has the state of another recipe or seed.
        Cancelled: within one batch after ``cancel``.
    """
    cancel = cancel or Cancel()
    run = Run(recipe, seed, classes, torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")))
    run.restore(state)
    per_epoch = len(photographs) // recipe.schedule.batch
    meter = Meter(report, recipe.schedule.epochs * per_epoch, f"{recipe.name}-{seed}: training, batches")
    for epoch in range(len(run.log), recipe.schedule.epochs):
        began = time.perf_counter()
        rate, loss, right = _epoch(run, photographs, epoch, meter, cancel)
        run.log.append(
            Epoch(
                epoch=epoch + 1,
                learning_rate=rate,
                loss=loss / (per_epoch * recipe.schedule.batch),
                top1=right / (per_epoch * recipe.schedule.batch),
                held_out_top1=run.accuracy(held_out),
                precision=run.precision,
                seconds=time.perf_counter() - began,
            )
        )
        run.keep(state)
    return TrainingResult(run.model.float().cpu().eval().requires_grad_(False), tuple(run.log))


def _epoch(run: Run, photographs: Photographs, epoch: int, meter: Meter, cancel: Cancel) -> tuple[float, float, int]:
    """Return the last learning rate of an epoch, its summed loss and its number of right answers."""
    recipe = run.recipe
    seen = recipe.crops or recipe.sides
    assert seen is not None  # every recipe has one of them
    size, interpolation = recipe.preprocessing.crop, recipe.preprocessing.interpolation
    per_epoch = len(photographs) // recipe.schedule.batch
    rate, loss, right = 0.0, 0.0, 0
    parts = batches(photographs, seen, size, interpolation, batch=recipe.schedule.batch, seed=run.seed, epoch=epoch)
    for number, (frames, labels) in enumerate(parts, epoch * per_epoch):
        cancel.check(f"the training of {recipe.name}")
        rate = learning_rate(recipe.schedule, number + 1, per_epoch)
        part_loss, part_right = run.step(frames, labels, rate)
        loss, right = loss + part_loss, right + part_right
        meter(number + 1)
    return rate, loss, right


def learning_rate(schedule: Schedule, step: int, per_epoch: int) -> float:
    """Return the learning rate of the ``step``-th batch, counted from 1 over all epochs.

    >>> from core.training.recipe import get
    >>> schedule = get("resnet10.scenes").schedule  # 8 epochs, 1 of them warm-up, to 0.1
    >>> [round(learning_rate(schedule, step, per_epoch=100), 3) for step in (50, 100, 450, 800)]
    [0.05, 0.1, 0.05, 0.0]
    """
    warm, total = schedule.warmup_epochs * per_epoch, schedule.epochs * per_epoch
    if step < warm:
        return schedule.learning_rate * step / warm
    return schedule.learning_rate * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1))) / 2


def precision(recipe: Recipe, device: torch.device) -> str:
    """Return the precision of the forward passes: bfloat16 if the recipe wants it and the device has it, else float32.

    A processor that emulates bfloat16 trains ten times slower than in float32.
    """
    if device.type == "cuda":
        fit = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fit = any(torch.cpu.get_capabilities().get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return "bfloat16" if recipe.mixed_precision and fit else "float32"


class Run:
    """A training run: the network, its optimiser, and the state that is kept between epochs."""

    def __init__(self, recipe: Recipe, seed: int, classes: int, device: torch.device) -> None:
        self.recipe, self.seed, self.device, self.precision = recipe, seed, device, precision(recipe, device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = ARCHITECTURES[recipe.architecture](classes)
        self.model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        plain = [p for p in self.model.parameters() if p.dim() == 1]
        decayed = [p for p in self.model.parameters() if p.dim() > 1]
        s = recipe.schedule
        self.optimiser = torch.optim.SGD(
            [{"params": decayed, "weight_decay": s.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=s.learning_rate,
            momentum=s.momentum,
            nesterov=s.momentum > 0,
        )
        self.log: list[Epoch] = []
        self.mean, self.std = (
            torch.tensor(v, device=device).view(1, 3, 1, 1)
            for v in (recipe.preprocessing.mean, recipe.preprocessing.std)
        )

    def step(self, frames: torch.Tensor, labels: torch.Tensor, rate: float) -> tuple[float, int]:
        """Train on one batch, frames uint8 (N, 3, S, S); return its summed loss and how many answers were right."""
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        labels = labels.to(self.device)
        logits = self._logits(frames)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.recipe.schedule.label_smoothing)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return float(loss.detach()) * len(labels), int((logits.argmax(1) == labels).sum())

    @torch.no_grad()
    def accuracy(self, frames: Photographs) -> float:
        """Return the top-1 accuracy on frames uint8 (N, S, S, 3)."""
        self.model.eval()
        right = 0
        for pixels, labels in _parts(frames, self.recipe.schedule.batch):
            right += int((self._logits(pixels).argmax(1).cpu() == labels).sum())
        return right / len(frames)

    def _logits(self, frames: torch.Tensor) -> torch.Tensor:
        x = frames.to(self.device, non_blocking=True).float().div_(255).sub_(self.mean).div_(self.std)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits: torch.Tensor = self.model(x.contiguous(memory_format=torch.channels_last))
        return logits.float()

    def keep(self, path: Path) -> None:
        """Write the state to a file, atomically."""
        buffer = io.BytesIO()
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        torch.save({**state, "log": [asdict(row) for row in self.log], "of": self._name()}, buffer)
        write(path, buffer.getvalue())

    def restore(self, path: Path) -> None:
        """Load the state in a file, if there is one. Raises BadRecipe if it belongs to another recipe or seed."""
        if not path.is_file():
            return
        try:
            state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
            if (of := state["of"]) != self._name():
                raise _other(path, f"the state of {of}")
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.log = [Epoch(**row) for row in state["log"]]
        except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, ValueError) as error:
            raise _other(path, f"content that cannot be loaded ({type(error).__name__})") from None

    def _name(self) -> str:
        return f"{self.recipe.name}, seed {self.seed}, recipe {self.recipe.digest[:12]}"


def _parts(frames: Photographs, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for k in range(0, len(frames), size):
        pixels, labels = frames.pixels[k : k + size], frames.labels[k : k + size]
        yield torch.from_numpy(pixels).permute(0, 3, 1, 2), torch.from_numpy(labels)


def _other(path: Path, got: str) -> BadRecipe:
    return BadRecipe(
        f"{path} holds {got}.", "It must be the state of this recipe and seed.", f"Remove {path} to start again."
    )
