"""Looking at what was made: the contact sheet and the figures of a dataset."""
