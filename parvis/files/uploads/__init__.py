"""Uploads that can be cut and resumed. tus 1.0.0"""
