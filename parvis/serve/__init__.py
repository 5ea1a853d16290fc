"""Doors as engines that know no feature: HTTP, JMAP, push, line protocols."""
