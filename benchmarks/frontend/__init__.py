"""The chat in Chromium: what it weighs, how soon text is seen, how smoothly it grows, and its marks."""
