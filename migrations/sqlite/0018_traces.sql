-- The trace that a job belongs to: a W3C traceparent, and behind a space the id of the request that began it.

alter table jobs add column trace text;
