"""The dataset on disk: a store of frames that tells the truth, and exports derived from it."""
