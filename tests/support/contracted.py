"""Networks that tests of the contract share."""

from __future__ import annotations

NETWORK, SMALL = "embedded/resnet10.scenes-0", "embedded/resnet8.scenes32-0"  # the index's; one of 32 pixels
