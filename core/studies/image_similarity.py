"""How alike the two frames of a pair are: "imperceptible" as a number (Figure 13)."""

from __future__ import annotations

import numpy as np

from ..images.frames import FramePair


def psnr(pair: FramePair) -> float:
    """Peak signal-to-noise ratio of the two frames in dB; infinite where they are equal."""
    before, after = (frame.numpy().astype(np.float64) for frame in (pair.before, pair.after))
    error = float(np.mean((before - after) ** 2))
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def ssim(pair: FramePair) -> float:
    """Structural similarity of the two frames, mean over places and colours, with the window of Wang et al. 2004."""
    from skimage.metrics import structural_similarity

    found = structural_similarity(  # type: ignore[no-untyped-call]
        pair.before.numpy(),
        pair.after.numpy(),
        channel_axis=0,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(found)
