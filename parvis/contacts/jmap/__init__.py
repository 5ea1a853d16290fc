"""Contacts in JMAP. RFC 9610"""
