"""The vault: what was deleted for good can be had back for some days, by its owner alone. Nothing else sees it."""
