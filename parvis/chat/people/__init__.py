"""What is each person's own: devices, keys, what waits for a device, account data, backups.

devices            sign-ins of clients
keys, claims       keys of devices and of people, and who is told that they changed
todevice           messages to devices
data, rules        account data and tags; push rules
backups            backups of keys
streams            all that is new of it, for /sync
"""
