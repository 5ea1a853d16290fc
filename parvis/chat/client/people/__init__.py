"""What clients ask about people: signing in, devices, keys, account data, profiles."""
