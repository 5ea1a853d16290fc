"""What is unwanted: a classifier that learns from what people put into Junk and take out of it."""
