"""The protocols once more, slow and obvious, from EXPERIMENTS.md alone: the reference that core is held to."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image
from scipy.signal import convolve2d

HOW = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}  # Pillow's numbers
BINOMIAL = np.array([math.comb(11, k) for k in range(12)]) / 2**11


def pair(protocol, photo, *, x, y, side, size, step, direction, unit, interpolation):
    """Photograph (H, W, 3) uint8 and a placement as plain numbers → two frames (S, S, 3) uint8."""
    right, down = {"diagonal": (step, step), "right": (step, 0), "down": (0, step)}[direction]
    if protocol == "crop" and unit == "source":
        first, second = photo[y : y + side, x : x + side], photo[y + down :, x + right :][:side, :side]
        return resized(first, size, size, interpolation), resized(second, size, size, interpolation)
    if protocol == "crop":
        margin = max(round(10 * size / 224), step)
        wide = resized(photo[y : y + side, x : x + side], size + margin, size + margin, interpolation)
        start = (margin - step) // 2
        first, second = wide[start:, start:], wide[start + down :, start + right :]
        return first[:size, :size], second[:size, :size]
    if protocol == "upscale":
        wide = embedded(photo, side, 10**6, interpolation)
        return wide[y : y + size, x : x + size], wide[y + down :, x + right :][:size, :size]
    small = embedded(photo, side, size - step, interpolation)
    if protocol == "scale":
        grown = embedded(photo, side + step, size - step, interpolation)
        return on_black(small, size, x, y)[0], on_black(grown, size, x, y)[0]
    finish = inpainted if protocol == "inpaint" else lambda frame, filled: frame
    return finish(*on_black(small, size, x, y)), finish(*on_black(small, size, x + right, y + down))


def resized(pixels, width, height, interpolation):
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), HOW[interpolation]))


def embedded(photo, short, longest, interpolation):
    """Short side resized, the long side rounded down; a long side over ``longest`` is centre-cropped."""
    height, width = photo.shape[:2]
    scaled = math.floor(short * max(width, height) / min(width, height))
    width, height = (short, scaled) if width <= height else (scaled, short)
    patch = resized(photo, width, height, interpolation)
    if width > longest:
        patch = patch[:, (width - longest) // 2 :][:, :longest]
    if height > longest:
        patch = patch[(height - longest) // 2 :][:longest]
    return patch


def on_black(patch, size, x, y):
    """Frame, and the mask of what the patch covers."""
    frame, filled = np.zeros((size, size, 3), np.uint8), np.zeros((size, size), bool)
    frame[y : y + patch.shape[0], x : x + patch.shape[1]] = patch
    filled[y : y + patch.shape[0], x : x + patch.shape[1]] = True
    return frame, filled


def blurred(values):
    """Separable blur of (S, S) by 12 binomial taps."""
    down = convolve2d(values, BINOMIAL[:, None], mode="same")
    return convolve2d(down, BINOMIAL[None], mode="same")


def inpainted(frame, filled):
    """Until nothing is empty: each empty pixel within reach becomes a weighted mean of the filled ones."""
    values = frame.astype(float)
    while not filled.all():
        weight = blurred(filled.astype(float))
        means = (
            np.stack([blurred(values[..., c] * filled) for c in range(3)], -1) / np.maximum(weight, 1e-12)[..., None]
        )
        fresh = ~filled & (weight > 0)
        values[fresh], filled = means[fresh], filled | fresh
    return np.floor(values + 0.5 + 1e-6).clip(0, 255)  # half way is up, whatever the sums' last bits.astype(np.uint8)
