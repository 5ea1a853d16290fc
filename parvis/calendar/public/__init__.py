"""What strangers see of calendars: links that publish one, and pages on which a time is booked."""
