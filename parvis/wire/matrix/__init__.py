"""What Matrix is (version 1.19 of its specification), as pure functions.

canonical, base64, signing       the form that is hashed and signed, and signatures
identifiers, links               names of servers, users, rooms and events, and links to them
server_keys                      the keys of servers
versions                         what differs between the versions of rooms
event, hashes, redaction         events as servers exchange them, their ids, what a redaction leaves
authorisation, powers            whether an event is allowed (membership and power_changes are rules of it)
resolution                       what the state of a room is where branches of its events meet
client_format                    what clients see of an event
push_rules                       what somebody is notified about (push_conditions, push_defaults)
globs, properties                patterns, and properties of events by their paths
filters                          which events a client wants to get
relations                        replies, edits, threads, annotations, references
visibility                       who may see which events of the past
acl, policy                      which servers take part in a room, which one is asked about its events
transactions                     what servers send each other at one go
xmatrix, wellknown               who makes a request, where a server is
devices, backup                  keys of devices and people, and backups of keys
"""
