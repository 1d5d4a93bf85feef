"""Fixtures and options of all tests: photographs, a tiny network, the engine and real material."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.decoding import photographs
from core.datasets.scenes.source import scenes
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.storage.data_folder import DataFolder

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: threads that wait do not spin; 3 x on busy cores

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from core.images.photographs import Photograph
from core.inference.engine import Engine, Network
from core.storage.data_folder import DataFolder
from tests.support.basics import SHARED, Randomise, TinyCard, cut_outs, make_tiny_card, random_norms


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long tests too (or set PHOTOBIAS_FULL=1)")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where several processes run the tests: a file's tests share what it made, and one browser runs at a time."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return "browser" if "/browser/" in file else file

    return ByFile(config, log)


# Files that take more than about four seconds on two cores. ``make test-fast`` leaves them out.
SLOW = {
    f"{folder}/test_{name}.py"
    for folder, names in {
        "core/cli": "cli measure",
        "core/datasets/scenes": "scene",
        "core/experiments/bias_dial": "photographers",
        "core/experiments/drawing": "drawing",
        "core/experiments/figure_04_readouts": "study",
        "core/experiments/figure_05_photographers_bias/labelling": "store",
        "core/experiments/section_3_shiftability": "corollaries shiftability",
        "core/exploration": "stored_results",
        "core/images": "paths fractional_paths",
        "core/index": "build",
        "core/networks": "registry",
        "core/networks/variants": "surgery",
        "core/networks/zoo": "antialiased keras keras_backend timm_weights torchvision",
        "core/statistics": "comparisons",
        "core/studies": "killed_runs process studies",
        "core/training": "loop photographs",
        ".": "embedded embedded_studies flood package",
    }.items()
    for name in names.split()
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    full = config.getoption("--full") or os.environ.get("PHOTOBIAS_FULL") == "1"
    missing = {
        "real": None if SHARED.is_dir() else f"needs real networks and photographs, and there is no {SHARED}",
        "gpu": None if torch.cuda.is_available() else "needs a CUDA device, and torch finds none",
        "full": None if full else "long: runs with PHOTOBIAS_FULL=1 (make test-full)",
    }
    tests = Path(__file__).parent
    slow = {tests / name for name in SLOW}
    for item in items:
        if item.path in slow:
            item.add_marker("slow")
        for mark, reason in missing.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real material beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"needs real networks and photographs, and there is no {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def real_data(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A data folder with the three real networks; PHOTOBIAS_TEST_NETWORKS names a folder that holds them already."""
    data = DataFolder(tmp_path_factory.mktemp("data"))
    if unpacked := os.environ.get("PHOTOBIAS_TEST_NETWORKS"):
        data.networks.symlink_to(Path(unpacked).resolve(), target_is_directory=True)
    else:
        subprocess.run([sys.executable, shared / "unpack", data.networks], check=True, stdout=subprocess.DEVNULL)
    return data


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other over so small a network take far longer than the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def engine() -> Engine:
    """One engine for all tests, on the CPU."""
    return Engine("cpu")


@pytest.fixture(scope="session")
def tiny_card() -> TinyCard:
    """``tiny_card(seed=9, key=…, build=…)``: makes cards of tiny networks."""
    return make_tiny_card


@pytest.fixture
def tiny(engine: Engine, tiny_card: TinyCard) -> Network:
    """The tiny network, loaded."""
    return engine.load(tiny_card())


@pytest.fixture(scope="session")
def natural() -> list[Photograph]:
    """Twelve natural-looking photographs, every one different."""
    return cut_outs(12)


@pytest.fixture(scope="session")
def randomise(natural: list[Photograph]) -> Randomise:
    """``randomise(model, size, seed=0)`` → the model with random weights, its activations alive in every layer.

    Batch norms get the statistics of photographs; logits spread by about 2, so that probabilities tell networks apart.
    """
    pixels = [torch.from_numpy(np.array(p.image().resize((256, 256)))).permute(2, 0, 1) for p in natural]
    batch = torch.stack(pixels).float().div(255).sub(0.45).div(0.225)

    def work(model: nn.Module, size: int, seed: int = 0) -> nn.Module:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            random_norms(model)
            layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
            for layer in layers:
                fan_in = layer.weight[0].numel()
                layer.weight.normal_(0, (2 / fan_in) ** 0.5)
                if layer.bias is not None:
                    layer.bias.normal_(0, 0.05)
            norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
            for norm in norms:
                norm.momentum = 1.0
            frames = functional.interpolate(batch, size=(size, size))
            if norms:
                model.train()(frames)
            layers[-1].weight.mul_(2 / model.eval()(frames).std())
        return model.eval().requires_grad_(False)

    return work


@pytest.fixture(scope="module")
def held_out() -> list[Photograph]:
    """300 of the held-out scenes."""
    return list(photographs(scenes("scenes:2000000-2000299")))
