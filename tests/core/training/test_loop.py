"""The loop: its schedule and precision, one step by hand, and a training that can be killed at any batch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import BadRecipe, Cancelled
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.architectures.small import ARCHITECTURES
from core.training.loop import Epoch, TrainingResult, learning_rate, precision, train
from core.training.photographs import Photographs, batches
from core.training.recipe import Recipe
from tests.support.trained import FRAME, coloured, schedule, tiny

pytestmark = pytest.mark.usefixtures("one_thread")


# schedule and precision


def test_the_rate_rises_as_a_line_and_falls_as_a_cosine_to_0():
    rates = [learning_rate(schedule(learning_rate=2.0), step, 10) for step in range(1, 41)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 10 * 2)
    np.testing.assert_allclose(rates[9:], 1 + np.cos(np.pi * np.arange(31) / 30), atol=1e-12)
    assert max(rates) == rates[9] == 2.0
    assert rates[-1] == 0


@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.5, 3.8])
def test_any_warm_up_ends_at_0(warmup: float):
    rates = [learning_rate(schedule(warmup_epochs=warmup), step, 10) for step in range(1, 41)]
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert all(0 < rate <= 0.05 for rate in rates[:-1])
    assert int(np.argmax(rates)) in (max(int(warmup * 10) - 1, 0), int(warmup * 10))


@pytest.mark.parametrize(
    ("found", "fit"),
    [
        ({}, False),
        ({"avx512_bf16": False, "avx2": True}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
    ],
)
def test_precision_follows_the_processor(monkeypatch: pytest.MonkeyPatch, found: dict[str, bool], fit: bool):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert precision(tiny(mixed_precision=False), torch.device("cpu")) == "float32"
    assert precision(tiny(mixed_precision=True), torch.device("cpu")) == ("bfloat16" if fit else "float32")


@pytest.mark.parametrize("fit", [False, True])
def test_precision_follows_the_gpu(monkeypatch: pytest.MonkeyPatch, fit: bool):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: fit or including_emulation)
    assert precision(tiny(mixed_precision=False), torch.device("cuda")) == "float32"
    assert precision(tiny(mixed_precision=True), torch.device("cuda")) == ("bfloat16" if fit else "float32")


# the loop


SHOWN, HELD_OUT = coloured(80, 0), coloured(30, 1, FRAME)
PER_EPOCH = 5  # batches of 16


def run(
    state: Path,
    wanted: Recipe | None = None,
    seed: int = 0,
    *,
    shown: Photographs = SHOWN,
    held_out: Photographs = HELD_OUT,
    **more: Any,
) -> TrainingResult:
    return train(wanted or tiny(), seed, shown, held_out, 3, state=state, device="cpu", **more)


def same_weights(one: TrainingResult, other: TrainingResult) -> bool:
    states = [model.state_dict() for model in (one.model, other.model)]
    assert list(states[0]) == list(states[1])
    return all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def timeless(log: tuple[Epoch, ...]) -> list[Epoch]:
    assert all(row.seconds > 0 for row in log)
    return [replace(row, seconds=0) for row in log]


@dataclasses.dataclass(frozen=True)
class Straight:
    """A training that nothing stopped, its state file and what it told."""

    result: TrainingResult
    state: bytes
    told: list[tuple[int, int]]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Straight:
    state = tmp_path_factory.mktemp("straight") / "tiny.pt"
    told: list[tuple[int, int]] = []
    result = run(state, report=lambda p: told.append((p.done, p.total)))
    return Straight(result, state.read_bytes(), told)


def test_it_learns_what_is_easy(straight: Straight):
    log = straight.result.log
    assert [row.epoch for row in log] == [1, 2, 3]
    assert log[0].loss > 3 * log[-1].loss
    assert log[-1].loss < 0.3 * math.log(3)
    assert log[-1].held_out_top1 > 0.9
    assert log[-1].top1 > 0.9
    assert log[-1].learning_rate == pytest.approx(0, abs=1e-12)
    assert log[0].learning_rate == learning_rate(tiny().schedule, PER_EPOCH, PER_EPOCH)
    assert {row.precision for row in log} == {"float32"}
    assert straight.told == [(k + 1, 15) for k in range(15)]


def test_held_out_frames_are_seen_in_eval_mode_and_teach_nothing(tmp_path: Path):
    """A network that is half-way there; what it returns is as right as its log says."""
    wanted = tiny(epochs=1, learning_rate=0.02)
    got = run(tmp_path / "a.pt", wanted)
    mean, std = (np.array(v) for v in (wanted.preprocessing.mean, wanted.preprocessing.std))
    inputs = torch.from_numpy(((HELD_OUT.pixels / 255 - mean) / std).transpose(0, 3, 1, 2)).float()
    with torch.inference_mode():
        right = (got.model(inputs).argmax(1).numpy() == HELD_OUT.labels).mean()
    assert right == got.log[-1].held_out_top1 < 1
    dark = Photographs(HELD_OUT.pixels // 8, HELD_OUT.labels)
    assert same_weights(got, run(tmp_path / "b.pt", wanted, held_out=dark))


def test_a_step_is_nesterovs_and_spares_norms_and_biases(tmp_path: Path):
    """Two batches, the second at rate 0: all that happened to the weights is one step, done here by hand."""
    wanted = tiny(epochs=1, warmup_epochs=0.0, batch=40, weight_decay=0.2, label_smoothing=0.1, learning_rate=0.02)
    got = run(tmp_path / "s.pt", wanted, seed=4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = ARCHITECTURES["resnet10"](3).train()
    shown = batches(SHOWN, wanted.crops, FRAME, "bilinear", batch=40, seed=4, epoch=0)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (wanted.preprocessing.mean, wanted.preprocessing.std))
    losses, right = [], 0
    for number, (frames, labels) in enumerate(shown):
        logits = model((frames / 255 - mean) / std)
        targets = 0.9 * torch.eye(3)[labels] + 0.1 / 3
        loss = -(targets * logits.log_softmax(1)).sum(1).mean()
        losses.append(float(loss.detach()))
        right += int((logits.argmax(1) == labels).sum())
        if number == 0:
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    slope = p.grad + (0.2 * p if p.dim() > 1 else 0)
                    p -= 0.01 * (1 + 0.9) * slope  # half the rate, half-way down the cosine; velocity is one slope old
    assert got.log[0].loss == pytest.approx(sum(losses) / 2, rel=1e-4)
    assert got.log[0].top1 == right / 80
    for (name, p), q in zip(model.named_parameters(), got.model.parameters(), strict=True):
        torch.testing.assert_close(q, p, rtol=1e-3, atol=2e-5, msg=name)


@pytest.mark.parametrize("stops", [[PER_EPOCH], [PER_EPOCH + 2], [2], [PER_EPOCH, 2 * PER_EPOCH, 2 * PER_EPOCH + 4]])
def test_a_killed_training_ends_in_the_same_network(tmp_path: Path, straight: Straight, stops: list[int]):
    """Stopped after those batches, within one more at most; what is not a whole epoch is done again."""
    state = tmp_path / "tiny.pt"
    for stop in stops:
        cancel = Cancel()
        told: list[int] = []

        def tell(progress: Progress, stop=stop, told=told, cancel=cancel) -> None:
            told.append(progress.done)
            if progress.done == stop:
                cancel.request()

        with pytest.raises(Cancelled, match="The training of tiny was cancelled"):
            run(state, report=tell, cancel=cancel)
        assert told[-1] == stop
        assert state.is_file() == (stop >= PER_EPOCH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(999)  # the program that goes on has another past
        told = []
        resumed = run(state, report=lambda p: told.append(p.done))
    assert told[0] == stops[-1] // PER_EPOCH * PER_EPOCH + 1
    assert same_weights(resumed, straight.result)
    assert timeless(resumed.log) == timeless(straight.result.log)


def test_a_finished_training_is_not_done_again(tmp_path: Path, straight: Straight):
    state = tmp_path / "tiny.pt"
    state.write_bytes(straight.state)
    told: list[int] = []
    again = run(state, report=lambda p: told.append(p.done))
    assert told == []
    assert same_weights(again, straight.result)
    assert again.log == straight.result.log
    for model in (again.model, straight.result.model):  # ready for use
        assert not any(module.training for module in model.modules())
        assert not any(p.requires_grad or p.device.type != "cpu" for p in model.parameters())
    assert state.read_bytes() == straight.state


def test_seeds_differ_and_torchs_own_randomness_stays_as_it_was(tmp_path: Path):
    once = tiny(epochs=1)
    before = torch.get_rng_state()
    results = [run(tmp_path / f"{k}.pt", once, seed) for k, seed in enumerate((1, 2, 1))]
    assert torch.equal(torch.get_rng_state(), before)
    assert same_weights(results[0], results[2])
    assert not same_weights(results[0], results[1])
    assert timeless(results[0].log) == timeless(results[2].log) != timeless(results[1].log)


def test_a_twin_in_half_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """bfloat16 for forward passes alone: weights stay float32, and its steps are about those in full precision."""
    few = coloured(32, 0)  # where it is emulated, it is slow
    losses = []
    for fit in (False, True):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda fit=fit: {"avx512_bf16": fit})
        got = run(tmp_path / f"{fit}.pt", tiny("resnet10_bin5", mixed_precision=True, epochs=1), shown=few)
        assert got.log[0].precision == ("bfloat16" if fit else "float32")
        assert {p.dtype for p in got.model.parameters()} == {torch.float32}
        losses.append(got.log[0].loss)
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


def _saved(path: Path, content: object) -> bytes:
    torch.save(content, path)
    return path.read_bytes()


def _state(straight: Straight, path: Path, **changes: object) -> bytes:
    path.write_bytes(straight.state)
    return _saved(path, torch.load(path, weights_only=True) | changes)


BROKEN: dict[str, tuple[Callable[[Straight, Path], bytes], str]] = {
    "cut": (lambda straight, _: straight.state[: len(straight.state) // 2], "cannot be loaded"),
    "cut at its end": (lambda straight, _: straight.state[:-10], "cannot be loaded"),
    "empty": (lambda *_: b"", "cannot be loaded"),
    "text": (lambda *_: b"of what?\n" * 50, "cannot be loaded"),
    "noise": (lambda *_: np.random.default_rng(0).bytes(500), "cannot be loaded"),
    "a pickle that ends early": (lambda *_: b"\x80\x02a", "cannot be loaded"),
    "a list": (lambda _, path: _saved(path, [1, 2]), "cannot be loaded"),
    "a tensor": (lambda _, path: _saved(path, torch.zeros(3)), "cannot be loaded"),
    "weights alone": (lambda straight, path: _saved(path, straight.result.model.state_dict()), "cannot be loaded"),
    "an older log": (lambda straight, path: _state(straight, path, log=[{"epoch": 1}]), "cannot be loaded"),
    "other weights": (lambda straight, path: _state(straight, path, model={"w": torch.zeros(3)}), "cannot be loaded"),
    "another's": (lambda straight, path: _state(straight, path, of="x, seed 9"), "the state of x, seed 9"),
}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol", "ignore:Using a non-tuple sequence")
@pytest.mark.parametrize("what", BROKEN)
def test_a_state_that_does_not_load_is_named_and_left_alone(tmp_path: Path, straight: Straight, what: str):
    state = tmp_path / "tiny.pt"
    content, said = BROKEN[what]
    state.write_bytes(content(straight, tmp_path / "made.pt"))
    before = state.read_bytes()
    with pytest.raises(BadRecipe, match=said) as caught:
        run(state)
    assert str(state) in caught.value.happened
    assert f"Remove {state}" in caught.value.remedy
    assert str(caught.value).isprintable()
    assert state.read_bytes() == before


@pytest.mark.parametrize(
    ("wanted", "seed"), [(tiny(), 1), (tiny(learning_rate=0.06), 0), (replace(tiny(), title="Other"), 0)]
)
def test_a_state_of_another_recipe_or_seed_is_not_gone_on_with(
    tmp_path: Path, straight: Straight, wanted: Recipe, seed: int
):
    state = tmp_path / "tiny.pt"
    state.write_bytes(straight.state)
    with pytest.raises(BadRecipe, match=f"state of tiny, seed 0, recipe {tiny().digest[:12]}") as caught:
        run(state, wanted, seed)
    assert str(state) in caught.value.happened
    assert state.read_bytes() == straight.state
