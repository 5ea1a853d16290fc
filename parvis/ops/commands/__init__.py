"""The commands of `parvis`, one a file. Each has `add(parser, text)`, which declares its arguments, and
`run(args, opener)`, which carries it out and returns the exit code."""
