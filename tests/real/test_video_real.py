"""A real network along a real video: a few frames of it, each against the same frame by itself."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from core.experiments.figure_01_trajectories.roughness import roughness
from core.exploration import Store, VideoCurves, curves
from core.images import video
from core.images.video import open_video
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import DataFolder

pytestmark = pytest.mark.real
FEW = 20


def test_the_dog_is_a_dog_in_each_of_its_first_frames(
    engine: Engine, real_data: DataFolder, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "MAX_FRAMES", FEW)
    path = shared / "data" / "video" / "dog.mp4"
    clip = open_video(path, "dog.mp4")
    assert (clip.width, clip.height, clip.count) == (1280, 720, FEW)
    card = registry.get("resnet18-pqf", real_data)
    found = VideoCurves(engine=engine, store=Store(), clip=clip, cards=[card])
    found.run()
    assert (found.state, found.problems, found.done, found.strange) == ("done", {}, FEW, ())
    track, network = found.tracks[card.key], engine.load(card)
    with av.open(str(path)) as container:
        whole = [(f.time, f.to_ndarray(format="rgb24")) for f in islice(container.decode(video=0), FEW)]
    assert list(track.times) == [time for time, _ in whole]
    for k in (0, 7, FEW - 1):
        cut = np.ascontiguousarray(whole[k][1][360 - 112 : 360 + 112, 640 - 112 : 640 + 112])
        [alone] = engine.predict(network, [torch.from_numpy(cut).permute(2, 0, 1)])
        assert torch.equal(track.probabilities[k], alone.probabilities[0])
    curve = curves.video_curves(found)[card.key]
    numbers = roughness(curve.p)
    assert numbers is not None
    assert numbers.n == FEW
    assert 0 < numbers.mean_step < 0.5
