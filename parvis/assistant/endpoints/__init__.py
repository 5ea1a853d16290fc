"""Where a model runs: in this process, or on any server that speaks the OpenAI protocol."""
