"""Links: what people without an account here are given, and give."""
