"""What tests share: photographs, a tiny network, the engine, and where real material lies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: threads that wait do not spin; 3 x on busy cores

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from core.images.photographs import Photograph, photograph
from core.inference.engine import Engine, Network
from core.networks.card import Labels, NetworkCard, Preprocessing
from core.storage.data_folder import DataFolder

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CLASSES = ("bowl", "cat", "cup", "face", "rocket")
TinyCard = Callable[..., NetworkCard]
Randomise = Callable[..., nn.Module]


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    full = config.getoption("--full") or os.environ.get("PHOTOBIAS_FULL") == "1"
    missing = {
        "real": None if SHARED.is_dir() else f"needs real networks and photographs, and there is no {SHARED}",
        "gpu": None if torch.cuda.is_available() else "needs a CUDA device, and torch finds none",
        "full": None if full else "long: runs with PHOTOBIAS_FULL=1 (make test-full)",
    }
    for item in items:
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


def tiny_network(seed: int) -> nn.Sequential:
    """5 classes, stride 2 twice, batch norm with statistics that are not 0 and 1; logits that spread and flip."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv2d(3, 12, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.BatchNorm2d(24), nn.ReLU(),
            nn.Conv2d(24, 32, 3, padding=1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, len(CLASSES)),
        )  # fmt: skip
        random_norms(model)
        nn.init.normal_(model[-1].weight, 0, 3.0)
    return model.eval().requires_grad_(False)


def random_norms(model: nn.Module) -> None:
    """Batch norms as training leaves them: without this, folding them would be tested on the identity."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            nn.init.normal_(module.running_mean, 0, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]


def make_tiny_card(
    seed: int = 9, *, key: str | None = None, build: Callable[[], nn.Module] | None = None
) -> NetworkCard:
    """The card of a tiny network for frames of 32 x 32; its weights are made, not read. Seed 9 flips often."""
    return NetworkCard(
        key=key or f"test/tiny-{seed}",
        title="Tiny",
        build=build or (lambda: tiny_network(seed)),
        preprocessing=Preprocessing(
            resize=36, crop=32, interpolation="bilinear", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3)
        ),
        labels=Labels(CLASSES),
        source="tests/conftest.py",
        license="as the project",
        weights=Path(__file__),
        weights_digest=f"{seed:064x}",
    )


@pytest.fixture(scope="session")
def tiny_card() -> TinyCard:
    """``tiny_card(seed=9, key=…, build=…)``: makes cards of tiny networks."""
    return make_tiny_card


@pytest.fixture
def tiny(engine: Engine, tiny_card: TinyCard) -> Network:
    """The tiny network, loaded."""
    return engine.load(tiny_card())


def cut_outs(count: int, seed: int = 0) -> list[Photograph]:
    """Seeded pieces of scikit-image's photographs, of odd sizes, labelled by what they show."""
    from skimage import data

    sources = (("face", data.astronaut()), ("cup", data.coffee()), ("cat", data.chelsea()), ("rocket", data.rocket()))
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label, pixels = sources[number % len(sources)]
        height, width = (int(rng.integers(120, edge)) for edge in pixels.shape[:2])
        y, x = int(rng.integers(pixels.shape[0] - height + 1)), int(rng.integers(pixels.shape[1] - width + 1))
        piece = Image.fromarray(np.ascontiguousarray(pixels[y : y + height, x : x + width]))
        made.append(photograph(piece, f"{label} {number}", label))
    return made


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
