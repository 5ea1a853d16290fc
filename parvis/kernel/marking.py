"""The mark of text that a model wrote: one header field, the same wherever such text may leave. trust.md TR-02"""

AI_FIELD = "AI-Content"
