-- The trace that a job belongs to: a W3C traceparent, and behind a space the id of the request that began it.

alter table jobs add column trace text;
-- A request that finds its job waiting already gives it its trace if it has none.
grant update (trace) on jobs to sy_api;
