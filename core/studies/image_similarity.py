"""Image similarity of the two frames of a pair: "imperceptible" as a number (Figure 13)."""

from __future__ import annotations

import numpy as np

from ..images.frames import FramePair


def psnr(pair: FramePair) -> float:
    """Return the peak signal-to-noise ratio of the two frames in dB; infinite where they are equal."""
    from skimage.metrics import peak_signal_noise_ratio

    with np.errstate(divide="ignore"):
        ratio = peak_signal_noise_ratio(  # type: ignore[no-untyped-call]
            pair.before.numpy(), pair.after.numpy(), data_range=255
        )
    return float(ratio)


def ssim(pair: FramePair) -> float:
    """Return the structural similarity of the two frames, the mean over pixels and colours.

    The window is that of Wang et al. 2004: Gaussian, with a standard deviation of 1.5 pixels.
    """
    from skimage.metrics import structural_similarity

    similarity = structural_similarity(  # type: ignore[no-untyped-call]
        pair.before.numpy(),
        pair.after.numpy(),
        channel_axis=0,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(similarity)
