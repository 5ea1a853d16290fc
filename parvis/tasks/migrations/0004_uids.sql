-- What an answer or a new invitation is about is found by its uid, in whichever list it is.
CREATE INDEX task_by_account_uid ON task (account_id, uid);
