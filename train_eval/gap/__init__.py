"""The reality gap: arms, seeds, intervals and the verdict."""
