"""Image similarity of the frames of a pair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import metrics

from core import studies
from core.images.frames import FramePair
from core.inference.batching import redo
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from tests.support.runs import Held

pytestmark = pytest.mark.usefixtures("one_thread")


def test_failures_say_how_alike_the_frames_are(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    studies.run(studies.create("failures", pairs=3), many[:8], cards, tmp_path, engine=engine)
    found, photos = studies.read(tmp_path), {one.photo.digest: one.photo for one in many}
    frame = found.pairs
    changed = frame["changed"].to_numpy(dtype=bool)
    assert 0 < changed.sum() < len(frame)
    assert frame.loc[changed, ["psnr", "ssim"]].notna().all(axis=None)
    quiet = 0
    for _, group in frame.groupby(["digest", "network"], observed=True):
        if not group["changed"].any():  # the worst is looked at
            quiet += 1
            moved = (group["p_after"].astype(float) - group["p_before"].astype(float)).abs()
            assert list(group.index[group["psnr"].notna()]) == [moved.idxmax()]
    assert quiet
    protocols = {p.name: p for p in studies.create("failures").instances(32)}
    for _, row in frame[frame["psnr"].notna()].iterrows():
        pair = redo(photos[row["digest"]], protocols[row["protocol"]], engine.load(cards[0]), seed=0, pair=row["pair"])
        a, b = pair.before.numpy(), pair.after.numpy()
        assert row["psnr"] == pytest.approx(metrics.peak_signal_noise_ratio(a, b, data_range=255))
        assert row["ssim"] == pytest.approx(
            np.mean(
                [
                    metrics.structural_similarity(
                        a[c], b[c], gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
                    )
                    for c in range(3)
                ]
            )
        )


def test_equal_frames_are_infinitely_alike() -> None:
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    pair = FramePair(frame, frame, None)  # type: ignore[arg-type]
    assert (studies.image_similarity.psnr(pair), studies.image_similarity.ssim(pair)) == (float("inf"), 1.0)
