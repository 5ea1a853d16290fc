"""Other servers, started on loopback from Debian's packages for a measurement, and stopped with it."""
