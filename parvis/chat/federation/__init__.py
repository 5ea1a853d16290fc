"""Other servers of Matrix: how they are found and asked, what they ask, and what is sent to them."""
