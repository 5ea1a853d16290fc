"""iCalendar (RFC 5545, 7986, 7953, 9073, 9074) as pure functions.

`calendar` reads, checks and writes objects and puts components together as series · `moments`, `values`, `zones`,
`vtimezone` are times · `rule`, `expand`, `recurrence` are what recurs, `alarms` what rings · `query`, `subset`,
`freebusy` are what CalDAV asks (RFC 4791)."""
