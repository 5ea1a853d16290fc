"""Automatic answers while somebody is away. RFC 8621 §8, RFC 3834"""
