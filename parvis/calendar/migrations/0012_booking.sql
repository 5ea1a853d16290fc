-- A page that takes no bookings at present, and who booked, by name.
ALTER TABLE calendar_page ADD COLUMN paused BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calendar_booking ADD COLUMN name {text} NOT NULL DEFAULT '';
