"""Files on disk and over HTTP. Knows neither images nor networks."""
