"""Wake-ups between parts of the program: in process or over NATS."""
