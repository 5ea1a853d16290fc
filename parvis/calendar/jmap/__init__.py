"""JMAP for calendars. draft-ietf-jmap-calendars"""
