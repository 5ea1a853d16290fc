"""Parvis: a sovereign digital workplace with an assistant at its heart."""
