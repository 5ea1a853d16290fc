"""Words: folding, stemming, language."""
