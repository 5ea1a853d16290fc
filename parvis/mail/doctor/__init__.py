"""Why mail of ours arrives or does not: what DNS says of us, what other servers report and answer."""
