-- The way to callers who were missed long ago and are removed.
create index missed_callers_age on missed_callers (missed_at);
