"""Pictures of files, made by a process of its own that can do nothing else.

maker     starts it, and stops it when it takes too long
worker    is it
"""
